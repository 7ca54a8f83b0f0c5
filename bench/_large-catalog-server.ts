import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const password = 'bench-password';

/** Our own server as users run it, on a data folder that was filled before. */
export interface ServedFolder {
  readonly url: string;
  /** From the start of the process until `GET /readyz` is 200. */
  readonly startMs: number;
  readonly admin: string;
  residentMib(): number;
  close(): Promise<void>;
}

export function basic(name: string, secret: string = password): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

export async function serveDataFolder(folder: string): Promise<ServedFolder> {
  const port = await freePort();
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const startedMs = performance.now();
  const child = spawn(process.execPath, [main, 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      PRATIQUE_DATA: folder,
      PRATIQUE_LISTEN: `127.0.0.1:${port}`,
      PRATIQUE_ADMIN_PASSWORD: password,
      PRATIQUE_ADVISORIES: `file:${folder}/none`,
      PRATIQUE_LOG_LEVEL: 'silent',
    },
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) break;
    if (child.exitCode !== null || performance.now() - startedMs > 120_000)
      throw new Error('Cannot measure: the server did not start');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return {
    url,
    startMs: performance.now() - startedMs,
    admin: basic('admin'),
    residentMib: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('No TCP address');
  return address.port;
}
