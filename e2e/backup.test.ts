import { execFile } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { RegistryClient, type TestImage, testImage } from '../src/testing/registry-client.ts';
import { ApiClient } from './api-client.ts';
import { pullProblem } from './kill-harness.ts';
import { type OwnDatabase, startOwnDatabase } from './own-database.ts';
import { authorizationOf } from './replica-pair.ts';
import { adminPassword, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

/** As PostgreSQL has it by default; the embedded one writes less, and is backed up standing still. */
const settings = { wal_level: 'replica' };
const environmentOf = (database: OwnDatabase) => ({
  DATABASE_URL: database.url,
  PRATIQUE_ADVISORIES: 'file:/nonexistent',
  PRATIQUE_EXTERNAL_URL: 'http://registry.test',
});

let database: OwnDatabase;
let server: ServerProcess;
let backup: string;
beforeAll(async () => {
  database = await startOwnDatabase({ settings });
  server = await startServerProcess({ environment: environmentOf(database) });
  await new ApiClient(server.url).call('POST', '/namespaces', { name: 'team', autoScan: true });
  backup = mkdtempSync(join(tmpdir(), 'pratique-backup-'));
});
afterAll(async () => {
  await server.stop('SIGKILL');
  server.clean();
  await database.close();
  rmSync(backup, { recursive: true, force: true });
});

/** What is in the folder, with owners and times, as a backup keeps them; a file may go away before its turn. */
async function copy(from: string, to: string): Promise<void> {
  const { stderr } = await promisify(execFile)('cp', ['-a', `${from}/.`, to], {
    env: { ...process.env, LC_ALL: 'C' },
  }).catch((error: { stderr: string }) => error);
  const problems = stderr
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('No such file or directory'));
  expect(problems).toEqual([]);
}

/**
 * PostgreSQL's own way, without its programs (PostgreSQL 18 §25.3.4, "Making a Base Backup Using the Low Level API").
 * `meanwhile` ends before the backup does.
 */
async function backUpDatabase(to: string, meanwhile: () => Promise<void>): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query(`select pg_backup_start('test', fast => true)`);
    await copy(database.dataFolder, to);
    await meanwhile();
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
    const cluster = join(to, 'postgresql', 'cluster');
    // What was logged while it was copied makes the copy whole.
    await copy(join(database.dataFolder, 'postgresql', 'cluster', 'pg_wal'), join(cluster, 'pg_wal'));
    const label = join(cluster, 'backup_label');
    writeFileSync(label, rows[0]?.labelfile ?? '');
    // PostgreSQL puts it aside, as the user that it runs as.
    const { uid, gid } = statSync(cluster);
    chownSync(label, uid, gid);
    // Of the process that goes on.
    for (const file of ['postmaster.pid', '.s.PGSQL.5432', '.s.PGSQL.5432.lock'])
      rmSync(join(cluster, file), { force: true });
  } finally {
    client.release();
  }
}

it('a backup that is taken while images are pushed is whole when the database is copied first (threats.md F30)', async () => {
  const client = new RegistryClient(server.url, authorizationOf('admin', adminPassword));
  const acknowledged: { readonly repository: string; readonly image: TestImage }[] = [];
  let isOver = false;
  const push = async (lane: number) => {
    for (let number = 0; !isOver; number += 1) {
      const [repository, image] = [`team/app${lane}`, testImage(`backup ${lane} ${number}`)];
      expect((await client.pushImage(repository, `v${number}`, image)).status).toBe(201);
      acknowledged.push({ repository, image });
    }
  };
  const pushes = Promise.all([0, 1, 2, 3].map(push));
  await waitUntil('some images are pushed', async () => acknowledged.length >= 8);
  const before = [...acknowledged];
  // Not in the folder of the other, which PostgreSQL's user may not enter.
  const databaseCopy = mkdtempSync(join(tmpdir(), 'pratique-db-'));
  const dataCopy = join(backup, 'data');
  const moreThan = (count: number) => async () => acknowledged.length > count;
  await backUpDatabase(databaseCopy, () =>
    waitUntil('an image is pushed while the database is backed up', moreThan(before.length)),
  );
  const during = acknowledged.length - before.length;
  await waitUntil('images are pushed after it', moreThan(acknowledged.length + 4));
  await copy(server.dataFolder, dataCopy);
  isOver = true;
  await pushes;
  console.log(`${before.length} images before the backup, ${during} while the database was copied`);

  const restored = await startOwnDatabase({ settings, restored: databaseCopy });
  const again = await startServerProcess({ dataFolder: dataCopy, environment: environmentOf(restored) });
  try {
    const registry = new RegistryClient(again.url, authorizationOf('admin', adminPassword));
    for (const { repository, image } of before)
      expect(await pullProblem(registry, repository, image)).toBeUndefined();
    const environment = { ...environmentOf(restored), PRATIQUE_DATA: dataCopy };
    const fsck = await runCli(['fsck', '--deep'], { environment });
    expect([fsck.code, `${fsck.output}${fsck.errors}`]).toEqual([0, expect.stringContaining('0 broken')]);
    expect((await registry.pushImage('team/later', 'v1', testImage('after the restore'))).status).toBe(201);
  } finally {
    await again.stop('SIGKILL');
    await restored.close();
  }
});
