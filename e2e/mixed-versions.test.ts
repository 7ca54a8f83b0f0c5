import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { testImage } from '../src/testing/registry-client.ts';
import { digestOf, pullProblem } from './kill-harness.ts';
import { type Replica, type ReplicaPair, startReplicaPair } from './replica-pair.ts';
import { projectRoot, waitUntil } from './server-process.ts';

/** What a next version may add while this one runs: columns with and without defaults, a table that refers, an index, a trigger. */
const nextMigration = `
alter table tag add column next_note text;
alter table manifest add column next_rank integer not null default 0;
alter table namespace add column next_settings jsonb not null default '{}';
create table next_thing (
  id bigint generated always as identity primary key,
  repository_id integer references repository (id) on delete cascade,
  tag_name text
);
create index next_manifest_rank on manifest (next_rank);
create function next_note_tag() returns trigger language plpgsql as $$
begin
  insert into next_thing (repository_id, tag_name) values (new.repository_id, new.name);
  return new;
end $$;
create trigger next_note_tag after insert on tag for each row execute function next_note_tag();
`;

let pair: ReplicaPair;
let nextRoot: string;
let next: Replica;
beforeAll(async () => {
  pair = await startReplicaPair();
  await pair.a.api.call('POST', '/namespaces', { name: 'team', autoScan: true });
  // Pushed before the upgrade.
  await pushed(pair.a, 'before');
  nextRoot = checkoutOfNextVersion();
  next = await pair.startReplica({}, nextRoot);
});
afterAll(async () => {
  await pair.close();
  rmSync(nextRoot, { recursive: true, force: true });
});

/** This checkout with one more migration. */
function checkoutOfNextVersion(): string {
  const root = mkdtempSync(join(tmpdir(), 'pratique-next-'));
  cpSync(join(projectRoot, 'src'), join(root, 'src'), { recursive: true });
  cpSync(join(projectRoot, 'package.json'), join(root, 'package.json'));
  for (const folder of ['node_modules', 'console'])
    symlinkSync(join(projectRoot, folder), join(root, folder));
  writeFileSync(join(root, 'src/database/migrations/9999-next.sql'), nextMigration);
  return root;
}

async function pushed(replica: Replica, tag: string) {
  const image = testImage(`${tag} of mixed versions`);
  expect((await replica.registry.pushImage('team/app', tag, image)).status).toBe(201);
  return image;
}

/** This version and the next, each way round. */
const ways = [
  ['this version', 'the next', (): Replicas => [pair.a, next]],
  ['the next', 'this version', (): Replicas => [next, pair.a]],
] as const;
type Replicas = readonly [Replica, Replica];

describe('servers of two versions on one database (threats.md F29)', () => {
  it('have the migration of the newer one', async () => {
    const { rows } = await pair.database.pool.query('select count(*)::int as things from next_thing');
    expect(rows).toEqual([{ things: 0 }]);
  });

  it.each(ways)('what %s stores, %s serves, moves and deletes', async (one, _other, replicas) => {
    const [here, there] = replicas();
    const tag = one.replace(' ', '-');
    const image = await pushed(here, tag);
    expect(await pullProblem(there.registry, 'team/app', image)).toBeUndefined();
    const moved = testImage(`${tag} moved`);
    expect((await there.registry.pushImage('team/app', tag, moved)).status).toBe(201);
    const head = await here.registry.send(`/v2/team/app/manifests/${tag}`, { method: 'HEAD' });
    expect(head.headers.get('docker-content-digest')).toBe(moved.digest);
    expect(
      (await here.registry.send(`/v2/team/app/manifests/${image.digest}`, { method: 'DELETE' })).status,
    ).toBe(202);
    expect((await there.registry.send(`/v2/team/app/manifests/${image.digest}`)).status).toBe(404);
  });

  it.each(ways)('an upload that %s began goes on at %s', async (_one, _other, replicas) => {
    const [here, there] = replicas();
    const bytes = randomBytes(300_000);
    const opened = await here.registry.send('/v2/team/app/blobs/uploads/', { method: 'POST' });
    const location = new URL(opened.headers.get('location') ?? '', here.server.url).pathname;
    const begun = await here.registry.send(location, { method: 'PATCH', body: bytes.subarray(0, 100_000) });
    expect(begun.status).toBe(202);
    const rest = { method: 'PUT', body: bytes.subarray(100_000) };
    expect((await there.registry.send(`${location}?digest=${digestOf(bytes)}`, rest)).status).toBe(201);
  });

  it.each(ways)('the scan of what %s took is finished, and told by %s', async (one, _other, replicas) => {
    const [here, there] = replicas();
    const image = await pushed(here, `${one.replace(' ', '-')}-scanned`);
    const listed = async () =>
      await there.api.call<{ items: { digest: string; scan: { state: string } }[] }>(
        'GET',
        `/images?namespace=team&q=${image.digest}`,
      );
    await waitUntil('the scan has ended', async () => {
      const [found] = (await listed()).items;
      return found !== undefined && !['queued', 'scanning'].includes(found.scan.state);
    });
  });

  it('a server of this version starts on the newer database, and serves what was there', async () => {
    await pair.b.server.stop();
    const again = await pair.startReplica();
    const image = await pushed(again, 'after');
    expect(await pullProblem(next.registry, 'team/app', image)).toBeUndefined();
    expect(
      await pullProblem(again.registry, 'team/app', testImage('before of mixed versions')),
    ).toBeUndefined();
  });

  it('fsck of this version finds nothing broken', async () => {
    const environment = { DATABASE_URL: pair.database.url, PRATIQUE_DATA: pair.dataFolder };
    const { code, output, errors } = await runCli(['fsck', '--deep'], { environment });
    expect([code, `${output}${errors}`]).toEqual([0, expect.not.stringContaining('INV')]);
  });

  it('a server of this version refuses to start where a newer one took something away, and says so', async () => {
    await pair.database.pool.query(
      `insert into schema_migration (name, checksum, is_contracting) values ('9999-takes-away', '', true)`,
    );
    await expect(pair.startReplica()).rejects.toThrow(/"9999-takes-away" of a newer version/);
  });
});
