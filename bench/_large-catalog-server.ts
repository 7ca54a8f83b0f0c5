import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
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
  /** The most that it had resident at once. */
  peakMib(): number;
  /** CPU time so far of the server and of its PostgreSQL, in milliseconds: what other work on the machine does not change. */
  cpuMs(): number;
  /** Notes what its child processes take now; one that ends between two looks is known by the last. */
  lookAtChildren(): void;
  /** Of the children seen since the last call: the most resident at once, and the CPU time of all. */
  children(): { readonly childPeakMib: number; readonly childCpuMs: number };
  close(): Promise<void>;
}

export function basic(name: string, secret: string = password): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

/** `environment` adds to the settings, or replaces them. */
export async function serveDataFolder(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServedFolder> {
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
      ...environment,
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
  const backends = new Map<string, number>();
  const offspring = new Map<number, { readonly peakMib: number; readonly cpuMs: number }>();
  return {
    url,
    startMs: performance.now() - startedMs,
    admin: basic('admin'),
    residentMib: () => statusMib(child.pid ?? 0, 'VmRSS'),
    peakMib: () => statusMib(child.pid ?? 0, 'VmHWM'),
    lookAtChildren: () => {
      for (const pid of childrenOf(child.pid ?? 0)) {
        const seen = offspring.get(pid) ?? { peakMib: 0, cpuMs: 0 };
        const peakMib = Math.max(seen.peakMib, statusMib(pid, 'VmHWM'));
        offspring.set(pid, { peakMib, cpuMs: Math.max(seen.cpuMs, cpuMsOf(pid)) });
      }
    },
    children: () => {
      const seen = [...offspring.values()];
      offspring.clear();
      return {
        childPeakMib: Math.max(0, ...seen.map(({ peakMib }) => peakMib)),
        childCpuMs: seen.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
      };
    },
    cpuMs: () => cpuMsOf(child.pid ?? 0) + cpuMsOfPostgres(folder, backends),
    close: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** A figure of /proc/<pid>/status; 0 when the process has ended. */
function statusMib(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** But for PostgreSQL, which is counted by itself. */
function childrenOf(pid: number): readonly number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const pids = threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return pids.filter((one) => commandOf(one).includes('sync-process'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** See proc(5), schedstat: nanoseconds on a core. Of the main thread, which does all but digests; 0 when it has ended. */
function cpuMsOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}

/** Of all processes below the postmaster; `seen` keeps what those that have ended came to. */
function cpuMsOfPostgres(folder: string, seen: Map<string, number>): number {
  const [postmaster] = readFileSync(`${folder}/postgresql/cluster/postmaster.pid`, 'utf8').split('\n');
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').split(' ');
  for (const pid of children)
    if (pid !== '') seen.set(pid, Math.max(seen.get(pid) ?? 0, cpuMsOf(Number(pid))));
  return [...seen.values()].reduce((sum, ms) => sum + ms, 0);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('No TCP address');
  return address.port;
}
