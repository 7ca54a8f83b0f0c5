import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectDatabase } from '../src/database/connect.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { projectRoot, waitUntil } from './server-process.ts';

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
  await migrate(connection.pool);`;

async function emptyDatabase(name: string) {
  const admin = connectDatabase(server.config);
  await admin.pool.query(`create database ${name}`);
  await admin.close();
  return connectDatabase({ ...server.config, database: name });
}

/** Of no other lock of the server. */
const holdLock = 4_711;

/** Lets a migration come to the first statement that defines something after so many steps, and waits there. */
const holdAfter = (steps: number) => `
create function hold_migration() returns event_trigger language plpgsql as $$
begin
  if to_regclass('schema_migration') is null then return; end if;
  if (select count(*) from schema_migration) >= ${steps} then perform pg_advisory_lock(${holdLock}); end if;
end $$;
create event trigger hold_migration on ddl_command_start execute function hold_migration();
select pg_advisory_lock(${holdLock})`;

/** Begins a migration in a process of its own, and kills that in the middle of the step after so many. */
async function killMigration(database: string, steps: number): Promise<void> {
  const holding = await emptyDatabase(database);
  const client = await holding.pool.connect();
  await client.query(holdAfter(steps));
  const { host, port, user, password } = server.config;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, CONNECTION: JSON.stringify({ host, port, user, password, database, max: 1 }) },
    stdio: 'inherit',
  });
  const ended = once(child, 'exit');
  await waitUntil('the migration is held', async () => {
    const { rowCount } = await client.query(
      `select from pg_locks where locktype = 'advisory' and objid = ${holdLock} and not granted`,
    );
    return rowCount === 1;
  });
  child.kill('SIGKILL');
  await ended;
  await client.query('drop event trigger hold_migration; drop function hold_migration()');
  client.release(true);
  await holding.close();
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
  const steps = await migrate(reference.pool);
  const wanted = await schemaOf(reference);
  await reference.close();
  for (let kill = 0; kill < kills; kill += 1) {
    const killedAfter = Math.floor((steps.length * kill) / kills);
    await killMigration(`killed${kill}`, killedAfter);
    const connection = connectDatabase({ ...server.config, database: `killed${kill}` });
    const added = await migrate(connection.pool);
    // A step that defines nothing is not held.
    expect(added.length).toBeGreaterThan(0);
    expect(added.length).toBeLessThanOrEqual(steps.length - killedAfter);
    expect(added).toEqual(steps.slice(steps.length - added.length));
    expect(await schemaOf(connection)).toEqual(wanted);
    await connection.close();
  }
});
