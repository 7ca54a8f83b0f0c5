import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../src/testing/free-port.ts';

export const projectRoot = resolve(import.meta.dirname, '..');
export const adminPassword = 'e2e-admin-password';
/** The Authorization header of the account `admin`. */
export const adminAuthorization = `Basic ${btoa(`admin:${adminPassword}`)}`;

/** A real server process with a data folder of its own. */
export interface ServerProcess {
  readonly url: string;
  /** `host:port`, as image references write it. */
  readonly host: string;
  readonly dataFolder: string;
  readonly child: ChildProcess;
  /** From spawn to the first 200 of /readyz. */
  readonly readyMs: number;
  /** Everything it has printed so far. */
  output(): string;
  /** Ends it (SIGTERM by default), waits for its end and returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Removes the data folder; call after `stop()`. */
  clean(): void;
}

export interface ServerOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly dataFolder?: string;
  readonly port?: number;
  /** The checkout whose server it is; absent: this one. */
  readonly root?: string;
}

/** How long is waited for what must come: a busy machine is not what is tested. Shorter than a test may take. */
export const patienceMs = 270_000;

export async function startServerProcess(options: ServerOptions = {}): Promise<ServerProcess> {
  const port = options.port ?? (await freePort());
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'pratique-e2e-'));
  const { root = projectRoot } = options;
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'serve'], {
    cwd: root,
    env: serverEnvironment({ port, dataFolder, ...options }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      output += text;
    });
  }
  const server: Omit<ServerProcess, 'readyMs'> = {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    dataFolder,
    child,
    output: () => output,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill(signal);
      const [code] = await ended;
      return code as number | null; // documented arguments of the event
    },
    clean: () => rmSync(dataFolder, { recursive: true, force: true, maxRetries: 20 }),
  };
  await waitUntil('the server is ready', async () => {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}:\n${output}`);
    const answer = await fetch(`${server.url}/readyz`).catch(() => undefined);
    return answer?.status === 200;
  }).catch((cause: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`The server does not become ready; it printed:\n${output}`, { cause });
  });
  return { ...server, readyMs: performance.now() - startedAt };
}

function serverEnvironment(options: ServerOptions & { port: number; dataFolder: string }): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('PRATIQUE_') && name !== 'DATABASE_URL' && !name.startsWith('VITEST'),
  );
  return {
    ...Object.fromEntries(inherited),
    PRATIQUE_DATA: options.dataFolder,
    PRATIQUE_LISTEN: `127.0.0.1:${options.port}`,
    PRATIQUE_ADMIN_PASSWORD: adminPassword,
    ...options.environment,
  };
}

/** Asks every 100 ms until the answer is true; throws with `what` when it never comes. */
export async function waitUntil(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`Waited ${patienceMs} ms in vain until ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
