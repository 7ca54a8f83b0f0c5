import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const mainFile = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

export interface CliOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** User and group to run as; needs root. */
  readonly uid?: number;
  /** Text for standard input. */
  readonly input?: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  output(): string;
  errors(): string;
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** Starts `pratique <args>` as a process of its own that sees only `environment`. */
export function startCli(args: readonly string[], options: CliOptions): CliProcess {
  const { uid } = options;
  const child = spawn(process.execPath, [mainFile, ...args], {
    cwd: '/',
    env: { PATH: process.env['PATH'], ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdin.end(options.input ?? '');
  const ended = once(child, 'close').then(() => child.exitCode ?? child.signalCode ?? 'unknown');
  return { child, output: () => output, errors: () => errors, ended };
}

/** Runs `pratique <args>` to its end. */
export async function runCli(
  args: readonly string[],
  options: CliOptions,
): Promise<{ readonly code: number | string; readonly output: string; readonly errors: string }> {
  const cli = startCli(args, options);
  return { code: await cli.ended, output: cli.output(), errors: cli.errors() };
}

export interface ServedCli extends CliProcess {
  readonly url: string;
  /** From spawn to the line that says ready. */
  readonly readyMs: number;
}

/** Starts `pratique serve` on a free port and waits until it is ready. */
export async function serveCli(options: CliOptions): Promise<ServedCli> {
  const startedAt = performance.now();
  const environment = { PRATIQUE_LISTEN: '127.0.0.1:0', ...options.environment };
  const cli = startCli(['serve'], { ...options, environment });
  let hasEnded = false;
  void cli.ended.then(() => {
    hasEnded = true;
  });
  for (;;) {
    const [, url] = /^Pratique is ready on http:\/\/localhost(:\d+)$/m.exec(cli.output()) ?? [];
    if (url !== undefined)
      return { ...cli, url: `http://127.0.0.1${url}`, readyMs: performance.now() - startedAt };
    if (hasEnded)
      throw new Error(`Cannot test the server: it must keep running, got\n${cli.output()}${cli.errors()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
