// A step as a process of its own, on a free port.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Starts a step with `--protocol http`. Its working directory is where `public` lies. */
export async function start(program, root) {
  const args = ['--protocol', 'http', '--addr', '127.0.0.1:0'];
  const child = spawn(program, args, {
    cwd: root,
    // `/panic` is asked for on purpose: a line of it will do.
    env: { ...process.env, RUST_BACKTRACE: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const said = once(createInterface({ input: child.stdout }), 'line');
  const [line] = await Promise.race([said, ended.then(() => ['nothing, and ended'])]);
  const addr = /^listening on (\S+)$/.exec(line)?.[1];
  if (!addr) {
    child.kill();
    throw new Error(`${program} said ${line}`);
  }
  return {
    url: `http://${addr}`,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
