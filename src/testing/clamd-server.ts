import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ClamdEngine, defaultClamdLimits } from '../inspection/malware/clamd-engine.ts';
import { freePort } from './free-port.ts';

const clamdProgram = ['/usr/sbin/clamd', '/usr/local/sbin/clamd', '/opt/homebrew/sbin/clamd'].find(
  existsSync,
);

/** Whether clamd is installed; without it tests are skipped. Throws when CI=true. */
export function hasClamd(): boolean {
  if (clamdProgram === undefined && process.env['CI'] === 'true') {
    throw new Error('Cannot run the tests with clamd: it must be installed when CI=true, got none');
  }
  return clamdProgram !== undefined;
}

/** The string that every scanner knows and that harms nobody, put together here so that no file of ours holds it. */
export function eicarBytes(): Buffer {
  const middle = ['EICAR', 'STANDARD', 'ANTIVIRUS', 'TEST', 'FILE!'].join('-');
  return Buffer.from(['X5O!P%@AP[4\\PZX54(P^)7CC)7}', middle, 'H+H*'].join('$'));
}

/** An engine whose clamd nobody has started; it is given up after one try. */
export function absentClamd(): ClamdEngine {
  const address = { kind: 'unix', path: '/nonexistent/clamd.sock' } as const;
  return new ClamdEngine(address, { ...defaultClamdLimits, retryDelaysMs: [] });
}

/** Signatures by clamd's file extensions, without the dot; lines of text. */
export type ClamdSignatures = Readonly<Record<string, readonly string[]>>;

/** A line of `.hdb`: name by the MD5 of a whole file. */
export function hashSignature(name: string, content: Buffer): string {
  return `${createHash('md5').update(content).digest('hex')}:${content.length}:${name}`;
}

/** A line of `.ndb`: name by text anywhere in a file of any kind. */
export function textSignature(name: string, text: string): string {
  return `${name}:0:*:${Buffer.from(text).toString('hex')}`;
}

/** A real clamd with a configuration, signatures and folder of its own. */
export class ClamdServer {
  readonly socketPath: string;
  readonly port: number;
  readonly #folder: string;
  readonly #process: ReturnType<typeof spawn>;

  private constructor(
    folder: string,
    process: ReturnType<typeof spawn>,
    at: { readonly socketPath: string; readonly port: number },
  ) {
    this.#folder = folder;
    this.#process = process;
    this.socketPath = at.socketPath;
    this.port = at.port;
  }

  static async start(options: {
    readonly signatures: ClamdSignatures;
    readonly settings?: readonly string[];
  }): Promise<ClamdServer> {
    if (clamdProgram === undefined) throw new Error('Cannot start clamd: it must be installed, got none');
    const folder = await mkdtemp(join(tmpdir(), 'clamd-test-'));
    const socketPath = join(folder, 'clamd.sock');
    const port = await freePort();
    await Promise.all(['db', 'tmp'].map((name) => mkdir(join(folder, name))));
    await writeSignatures(join(folder, 'db'), options.signatures);
    const configuration = [
      'Foreground yes',
      `LocalSocket ${socketPath}`,
      `TCPSocket ${port}`,
      'TCPAddr 127.0.0.1',
      `DatabaseDirectory ${join(folder, 'db')}`,
      `TemporaryDirectory ${join(folder, 'tmp')}`,
      'MaxThreads 4',
      'SelfCheck 0',
      ...(options.settings ?? []),
    ];
    await writeFile(join(folder, 'clamd.conf'), `${configuration.join('\n')}\n`);
    const child = spawn(clamdProgram, ['--config-file', join(folder, 'clamd.conf')], { stdio: 'pipe' });
    let output = '';
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    for (let attempt = 0; attempt < 400; attempt += 1) {
      if (child.exitCode !== null) throw new Error(`Cannot start clamd: it must run, got ${output}`);
      if ((await command(socketPath, 'PING')) === 'PONG')
        return new ClamdServer(folder, child, { socketPath, port });
      await delay(25);
    }
    child.kill('SIGKILL');
    throw new Error(`Cannot start clamd: it must answer, got ${output}`);
  }

  /** Asks it over its Unix socket, twice at most. */
  engine(): ClamdEngine {
    const address = { kind: 'unix', path: this.socketPath } as const;
    return new ClamdEngine(address, { ...defaultClamdLimits, retryDelaysMs: [1] });
  }

  /** Puts other signatures in place and has clamd load them. */
  async reload(signatures: ClamdSignatures): Promise<void> {
    await writeSignatures(join(this.#folder, 'db'), signatures);
    await command(this.socketPath, 'RELOAD');
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function writeSignatures(folder: string, signatures: ClamdSignatures): Promise<void> {
  for (const [kind, lines] of Object.entries(signatures))
    await writeFile(join(folder, `test.${kind}`), `${lines.join('\n')}\n`);
}

function command(socketPath: string, name: string): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect(socketPath);
    socket.on('connect', () => socket.write(`z${name}\0`));
    socket.on('data', (bytes) => {
      reply += bytes.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(reply.replace('\0', '')));
  });
}
