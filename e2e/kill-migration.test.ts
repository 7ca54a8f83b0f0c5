import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectDatabase } from '../src/database/connect.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { projectRoot } from './server-process.ts';

/** threats.md F3 asks for ten of each kind. */
const kills = 10;

let folder: string;
let server: EmbeddedServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pratique-e2e-'));
  server = await startEmbeddedServer({ dataFolder: folder, role: 'server' });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

const script = `
  import { connectDatabase } from '${projectRoot}/src/database/connect.ts';
  import { migrate } from '${projectRoot}/src/database/migrate.ts';
  const connection = connectDatabase(JSON.parse(process.env.CONNECTION));
  await connection.pool.query('select 1');
  process.stdout.write('connected');
  await migrate(connection.pool);
  process.stdout.write('migrated');`;

async function emptyDatabase(name: string) {
  const admin = connectDatabase(server.config);
  await admin.pool.query(`create database ${name}`);
  await admin.close();
  return connectDatabase({ ...server.config, database: name });
}

/** Begins a migration in a process of its own and kills that after so long. */
async function killMigration(database: string, afterMs: number): Promise<void> {
  const { host, port, user, password } = server.config;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, CONNECTION: JSON.stringify({ host, port, user, password, database, max: 1 }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  await sleep(afterMs);
  child.kill('SIGKILL');
  await ended;
}

async function schemaOf(connection: ReturnType<typeof connectDatabase>): Promise<readonly string[]> {
  const { rows } = await connection.pool.query<{ name: string }>(
    `select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' union all
     select indexname from pg_indexes where schemaname = 'public' order by 1`,
  );
  return rows.map((row) => row.name);
}

it(`a migration that is killed ${kills} times leaves whole steps, and the next one finishes (F3)`, async () => {
  const reference = await emptyDatabase('reference');
  const startedMs = performance.now();
  const steps = await migrate(reference.pool);
  const wholeMs = performance.now() - startedMs;
  const wanted = await schemaOf(reference);
  await reference.close();
  const killedAfter: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const connection = await emptyDatabase(`killed${kill}`);
    await killMigration(`killed${kill}`, (wholeMs * kill) / kills);
    const added = await migrate(connection.pool);
    killedAfter.push(steps.length - added.length);
    expect(added).toEqual(steps.slice(steps.length - added.length));
    expect(await schemaOf(connection)).toEqual(wanted);
    await connection.close();
  }
  // Some came before the end, otherwise nothing was shown.
  expect(Math.min(...killedAfter)).toBeLessThan(steps.length);
});
