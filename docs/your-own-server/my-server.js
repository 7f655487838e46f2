// The frames protocol in JavaScript: one thread and an event loop, which waits for all clients at
// once. The state of a conversation lives in the closure of its `data` handler.
const net = require("node:net");

function serve(client) {
  let state = "outside", number = null;
  client.write("*");
  client.on("data", (received) => {
    let answer = "";
    for (const byte of received) {
      const char = String.fromCharCode(byte);
      if (state === "outside") {
        state = char === "^" ? "opened" : "outside";
      } else if (char === "$") {
        answer += state === "number" ? prime(number) : "";
        state = "outside";
      } else if (state === "opened" && char === "P") {
        [state, number] = ["number", null];
      } else if (state === "opened" || state === "echo") {
        state = "echo";
        answer += String.fromCharCode((byte + 1) % 256);
      } else if (state === "number" && (char < "0" || char > "9")) {
        state = "skip";
        answer += `error: '${shown(byte)}' is not a digit\n`;
      } else if (state === "number") {
        number = (number ?? 0n) * 10n + BigInt(char);
        if (number < 2n ** 64n) continue;
        state = "skip";
        answer += "error: over 18446744073709551615\n";
      }
    }
    // In Latin-1 each character is one byte. Who does not read answers is not read from.
    if (!client.write(answer, "latin1")) client.pause();
  });
  client.on("drain", () => client.resume());
  client.on("error", () => client.destroy());
}

function prime(n) {
  if (n === null) return "error: no digits\n";
  for (let divisor = 2n; divisor * divisor <= n; divisor++) {
    if (n % divisor === 0n) return "composite\n";
  }
  return n >= 2n ? "prime\n" : "composite\n";
}

function shown(byte) {
  const short = { 9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\" }[byte];
  const hex = "\\x" + byte.toString(16).padStart(2, "0");
  return short ?? (byte >= 32 && byte <= 126 ? String.fromCharCode(byte) : hex);
}

net.createServer(serve).listen(Number(process.argv[2]), "127.0.0.1");
