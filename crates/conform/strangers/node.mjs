// A small site in Node.js, as its guide begins one: `node:http` and nothing else.
//
//     node node.mjs PORT

import http from 'node:http';

const isPrime = (n) => {
    for (let d = 2n; d * d <= n; d++) {
        if (n % d === 0n) return false;
    }
    return n >= 2n;
};

const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const number = pathname.match(/^\/prime\/(\d+)$/);
    const allowed = pathname === '/echo' ? ['POST'] : ['GET', 'HEAD'];
    response.setHeader('Content-Type', 'text/plain');
    if (pathname !== '/plain' && pathname !== '/echo' && !number) {
        response.writeHead(404).end('not found\n');
    } else if (!allowed.includes(request.method)) {
        response.writeHead(405, { Allow: allowed.join(', ') }).end('not allowed\n');
    } else if (number) {
        response.end(isPrime(BigInt(number[1])) ? 'prime\n' : 'composite\n');
    } else if (pathname === '/echo') {
        request.pipe(response);
    } else {
        response.end('Hello, World!');
    }
});

server.listen(Number(process.argv[2]), '127.0.0.1');
