import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A registry in a process of its own, empty, on a free port. */
export interface RegistryProcess {
  readonly name: string;
  readonly port: number;
  /** Value of the Authorization header; absent: anonymous. */
  readonly authorization?: string;
  /** Resident memory of the process that serves, in MiB. */
  residentMib(): number;
  close(): Promise<void>;
}

/** Debian's `docker-registry` (CNCF distribution), file storage, no authentication. Throws when it is not installed. */
export async function startDistribution(): Promise<RegistryProcess> {
  if (spawnSync('docker-registry', ['--version']).error !== undefined) {
    throw new Error(
      'Cannot compare: docker-registry must be installed (Debian: apt-get install docker-registry)',
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'pratique-peer-'));
  const port = await freePort();
  const settings = [
    'version: 0.1',
    'log: { accesslog: { disabled: true }, level: error }',
    `storage: { filesystem: { rootdirectory: ${folder}/blobs }, delete: { enabled: true } }`,
    `http: { addr: "127.0.0.1:${port}" }`,
  ];
  await writeFile(join(folder, 'config.yml'), `${settings.join('\n')}\n`);
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  return await registryProcess({ name: 'distribution', port, folder, child, readyPath: '/v2/' });
}

/** Our own server as users run it, with an admin of a known password and no feeds. */
export async function startPratique(): Promise<RegistryProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  const port = await freePort();
  const password = 'bench-password';
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'serve'], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      PRATIQUE_DATA: folder,
      PRATIQUE_LISTEN: `127.0.0.1:${port}`,
      PRATIQUE_ADMIN_PASSWORD: password,
      PRATIQUE_ADVISORIES: `file:${folder}/none`,
      PRATIQUE_LOG_LEVEL: 'silent',
    },
  });
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  return {
    ...(await registryProcess({ name: 'pratique', port, folder, child, readyPath: '/readyz' })),
    authorization,
  };
}

async function registryProcess(parts: {
  readonly name: string;
  readonly port: number;
  readonly folder: string;
  readonly child: ChildProcess;
  readonly readyPath: string;
}): Promise<RegistryProcess> {
  const { name, port, folder, child } = parts;
  const ended = once(child, 'exit');
  const deadlineAt = performance.now() + 30_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}${parts.readyPath}`).catch(() => undefined);
    if (answer?.ok) break;
    if (child.exitCode !== null || performance.now() > deadlineAt)
      throw new Error(`Cannot measure: ${name} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    name,
    port,
    residentMib: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
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
