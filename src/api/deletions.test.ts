import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import { digestOfText, type StoredImage, storeImage } from '../testing/stored-images.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  const { db } = server.database;
  await db.deleteFrom('repository').execute();
  await db.deleteFrom('immutability_rule').execute();
  await db.deleteFrom('event').execute();
});

const layerBytes = 1_000;

/** An image of three blobs, of which `layer 0` is in every image, that the repository holds. */
async function store(repository: string, content: string, namespaceId = server.ownId): Promise<StoredImage> {
  const { db, pool } = server.database;
  const image = await storeImage(db, { namespaceId, repository, tags: [`v-${content}`], content });
  const blobs = [`config of ${content}`, 'layer 0', `layer 1 of ${content}`].map(digestOfText);
  await pool.query(
    `with made as (insert into blob (digest, size_bytes, storage_key)
       select d, $2, 'key of ' || d from unnest($1::text[]) d on conflict do nothing)
     select 1`,
    [blobs, layerBytes],
  );
  await pool.query(
    'insert into repository_blob (repository_id, digest) select $1, unnest($2::text[]) on conflict do nothing',
    [image.repositoryId, blobs],
  );
  return image;
}

async function lockVersions(): Promise<void> {
  const rule = {
    template: 'custom',
    repositories: { match: 'matching', pattern: '**' },
    tags: { match: 'matching', pattern: 'v*' },
  };
  const made = await server.call('namespaceAdmin', 'POST', '/namespaces/own/immutability-rules', rule);
  expect(made.status).toBe(201);
}

async function eventsOf(kind: string): Promise<readonly unknown[]> {
  const { db } = server.database;
  return await db
    .selectFrom('event')
    .select(['subject', 'actor', 'details'])
    .where('kind', '=', kind)
    .execute();
}

describe('deleting an image', () => {
  test('says how many bytes only it held, and so does the event', async () => {
    const [first, second] = [await store('app', 'first'), await store('lib', 'second')];
    // The base layer is of both.
    expect(await server.call('maintainer', 'DELETE', `/images/${first.id}`)).toMatchObject({
      status: 200,
      body: { freedBytes: 2 * layerBytes },
    });
    expect(await eventsOf('image.deleted')).toEqual([
      { subject: `app@${first.digest}`, actor: 'maintainer', details: { freedBytes: 2 * layerBytes } },
    ]);
    expect((await server.call('maintainer', 'GET', `/images/${first.id}`)).status).toBe(404);
    const rest = await server.call('maintainer', 'DELETE', `/images/${second.id}`);
    expect(rest.body).toEqual({ freedBytes: 3 * layerBytes });
  });

  test('does not count what the pin of another push holds', async () => {
    const { pool } = server.database;
    const [image, other] = [await store('app', 'pinned'), await store('lib', 'elsewhere')];
    expect((await server.call('maintainer', 'DELETE', `/images/${other.id}`)).status).toBe(200);
    await pool.query(
      `insert into blob_pin (digest, repository_id, expires_at) values ($1, $2, now() + interval '1 hour')`,
      [digestOfText('layer 0'), other.repositoryId],
    );
    const deleted = await server.call('maintainer', 'DELETE', `/images/${image.id}`);
    expect(deleted.body).toEqual({ freedBytes: 2 * layerBytes });
  });

  test('is refused while a tag that points at it is immutable', async () => {
    const image = await store('app', 'immutable');
    await lockVersions();
    const refused = await server.call('systemAdmin', 'DELETE', `/images/${image.id}`);
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      409,
      expect.stringContaining('Cannot delete tag \\"v-immutable\\": it is immutable'),
    ]);
    expect((await server.call('guest', 'GET', `/images/${image.id}`)).status).toBe(200);
    expect(await eventsOf('image.deleted')).toEqual([]);
  });
});

describe('deleting a repository', () => {
  test('takes everything in it, says what that frees, and frees the name', async () => {
    await store('app', 'one');
    await store('app', 'two');
    await store('lib', 'three');
    const path = '/repositories/own?repository=app';
    const deleted = await server.call('maintainer', 'DELETE', path);
    expect([deleted.status, deleted.body]).toEqual([200, { freedBytes: 4 * layerBytes }]);
    expect(await eventsOf('repository.deleted')).toEqual([
      { subject: 'app', actor: 'maintainer', details: { freedBytes: 4 * layerBytes, force: false } },
    ]);
    expect((await server.call('guest', 'GET', '/repositories?namespace=own')).body).toMatchObject({
      items: [{ name: 'lib' }],
    });
    expect((await server.call('maintainer', 'DELETE', path)).status).toBe(404);
    const { usedBytes } = (await server.call('guest', 'GET', '/namespaces/own')).body as {
      readonly usedBytes: number;
    };
    expect(usedBytes).toBe(3 * layerBytes + 2);
  });

  test('is refused for an immutable tag, unless an admin of the namespace forces it (threats.md I9)', async () => {
    await store('app', 'released');
    await lockVersions();
    const path = '/repositories/own?repository=app';
    expect((await server.call('systemAdmin', 'DELETE', path)).status).toBe(409);
    expect((await server.call('maintainer', 'DELETE', `${path}&force=true`)).status).toBe(403);
    expect(await eventsOf('repository.deleted')).toEqual([]);
    const forced = await server.call('namespaceAdmin', 'DELETE', `${path}&force=true`);
    expect([forced.status, forced.body]).toEqual([200, { freedBytes: 3 * layerBytes }]);
    expect(await eventsOf('repository.deleted')).toMatchObject([{ details: { force: true } }]);
  });

  test('needs no force where the rule allows deletion', async () => {
    await store('app', 'deletable');
    await lockVersions();
    await server.database.db.updateTable('immutability_rule').set({ allow_delete: true }).execute();
    const deleted = await server.call('maintainer', 'DELETE', '/repositories/own?repository=app');
    expect(deleted.status).toBe(200);
  });
});

describe('quotas', () => {
  test('are set by system administrators, shown to members, and taken away with null', async () => {
    const path = '/namespaces/own';
    expect((await server.call('guest', 'GET', path)).body).toMatchObject({ quotaBytes: null });
    for (const role of ['maintainer', 'namespaceAdmin'] as const) {
      expect((await server.call(role, 'PATCH', path, { quotaBytes: 5_000 })).status).toBe(403);
    }
    const set = await server.call('systemAdmin', 'PATCH', path, { quotaBytes: 5_000 });
    expect([set.status, set.body]).toEqual([200, expect.objectContaining({ quotaBytes: 5_000 })]);
    expect((await server.call('guest', 'GET', path)).body).toMatchObject({ quotaBytes: 5_000 });
    expect(await eventsOf('namespace.changed')).toMatchObject([
      { details: { change: { quotaBytes: 5_000 } } },
    ]);
    for (const wrong of [-1, 1.5, '5000', 2 ** 53]) {
      expect((await server.call('systemAdmin', 'PATCH', path, { quotaBytes: wrong })).status).toBe(400);
    }
    const cleared = await server.call('systemAdmin', 'PATCH', path, { quotaBytes: null });
    expect(cleared.body).toMatchObject({ quotaBytes: null });
  });

  test('may be given at creation', async () => {
    const made = await server.call('systemAdmin', 'POST', '/namespaces', { name: 'small', quotaBytes: 7 });
    expect(made.body).toMatchObject({ name: 'small', quotaBytes: 7, usedBytes: 0 });
    const deleted = await server.call('systemAdmin', 'DELETE', '/namespaces/small');
    expect([deleted.status, deleted.body]).toEqual([200, { freedBytes: 0 }]);
    expect(await eventsOf('namespace.deleted')).toMatchObject([{ details: { freedBytes: 0 } }]);
  });
});
