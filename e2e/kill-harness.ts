import { createHash } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { addNamespace } from '../src/app/administration/administer-namespaces.ts';
import { checkInstallation, collectGarbage } from '../src/app/administration/upkeep.ts';
import { type Installation, openInstallation } from '../src/app/installation.ts';
import { loadConfig } from '../src/app/settings/config.ts';
import { tidyJobKind } from '../src/app/tidy-job.ts';
import { openBlobStore } from '../src/app/wiring/wire-blobs.ts';
import { freePort } from '../src/testing/free-port.ts';
import { type Answer, RegistryClient, type TestImage } from '../src/testing/registry-client.ts';
import { adminAuthorization, patienceMs, type ServerProcess, startServerProcess } from './server-process.ts';

/** One installation whose server is killed and started again, looked at from outside. */
export interface KillHarness {
  readonly installation: Installation;
  readonly client: RegistryClient;
  /** Kills the server if it still runs, and starts it; with a failpoint it kills itself there. */
  start(failpoint?: string): Promise<ServerProcess>;
  /** Queues the job that runs the garbage collector in the server. */
  queueTidy(): Promise<void>;
  /** Every invariant that fsck knows, every blob hashed; the server may be dead. Returns what is broken. */
  broken(): Promise<readonly string[]>;
  /** One run of janitor and collector with uploads made old; returns what is left over (INV5). */
  leftAfterCollection(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function createKillHarness(): Promise<KillHarness> {
  const port = await freePort();
  const silent = 'file:/nonexistent';
  const environment = { PRATIQUE_ADVISORIES: silent, PRATIQUE_KEV: silent, PRATIQUE_EPSS: silent };
  let server = await startServerProcess({ port, environment });
  const { dataFolder } = server;
  const config = loadConfig({ environment: { PRATIQUE_DATA: dataFolder }, folder: '/' });
  // Keeps PostgreSQL alive while there is no server.
  const installation = await openInstallation(config, { role: 'guest' });
  const { connection } = installation;
  // A quota, so that room is set aside for every push that is killed.
  for (const name of ['team', 'other']) await addNamespace(connection, name, { quotaBytes: 2 ** 40 });
  const authorization = adminAuthorization;
  const listBreaches = async (level: 'broken' | 'reclaimable') => {
    const report = await checkInstallation(installation, { isDeep: true, onProgress: () => {} });
    return report.breaches
      .filter((breach) => breach.level === level)
      .map(({ invariant, subject, problem }) => `${invariant} ${subject}: ${problem}`);
  };
  await server.stop('SIGKILL');
  return {
    installation,
    client: new RegistryClient(server.url, { authorization }),
    start: async (failpoint) => {
      await server.stop('SIGKILL');
      const failing = failpoint === undefined ? {} : { PRATIQUE_FAIL: failpoint };
      server = await startServerProcess({
        port,
        dataFolder,
        environment: { ...environment, PRATIQUE_LOG_LEVEL: 'warn', ...failing },
      });
      return server;
    },
    queueTidy: async () => {
      await connection.pool.query('select graphile_worker.add_job($1)', [tidyJobKind]);
    },
    broken: () => listBreaches('broken'),
    leftAfterCollection: async () => {
      await connection.pool.query(`update upload set touched_at = 'epoch', leased_until = null`);
      const store = await openBlobStore(config);
      for await (const { uploadId } of store.listUploads()) {
        utimesSync(join(config.blobsFolder, 'uploads', uploadId), 0, 0);
      }
      await collectGarbage(installation, { isDryRun: false });
      return await listBreaches('reclaimable');
    },
    close: async () => {
      await server.stop('SIGKILL');
      await installation.close();
      server.clean();
    },
  };
}

/** Waits until the server has killed itself; throws when it lives on. */
export async function died(server: ServerProcess): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (server.child.signalCode === null) {
    if (performance.now() > deadline || server.child.exitCode !== null) {
      throw new Error(`The server was to be killed by its failpoint; it printed:\n${server.output()}`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The answer, or undefined when the connection broke because the server died. */
export async function orCut(request: Promise<Answer>): Promise<Answer | undefined> {
  return await request.catch(() => undefined);
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Pulls manifest and blobs and compares every byte; returns what is wrong. */
export async function pullProblem(
  client: RegistryClient,
  repository: string,
  image: TestImage,
): Promise<string | undefined> {
  const manifest = await client.send(`/v2/${repository}/manifests/${image.digest}`);
  if (manifest.status !== 200) return `manifest ${image.digest} of ${repository}: ${manifest.status}`;
  if (!manifest.bytes.equals(image.bytes)) return `manifest ${image.digest} of ${repository}: other bytes`;
  for (const blob of image.blobs) {
    const answer = await client.send(`/v2/${repository}/blobs/${digestOf(blob)}`);
    if (answer.status !== 200) return `blob ${digestOf(blob)} of ${repository}: ${answer.status}`;
    if (!answer.bytes.equals(blob)) return `blob ${digestOf(blob)} of ${repository}: other bytes`;
  }
  return undefined;
}
