import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Digest, parseDigest } from '../oci/digest.ts';
import { type NamespaceName, parseNamespaceName, parseRepositoryName, parseTag } from '../oci/names.ts';
import { parseManifest } from '../oci/parse-manifest.ts';
import { type BuiltImage, buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { findBlob, locateBlob, storeBlob } from './blobs.ts';
import { createExemptions, deleteExemption, listExemptions } from './exemptions.ts';
import {
  createImmutabilityRule,
  deleteImmutabilityRule,
  listImmutabilityRules,
  updateImmutabilityRule,
} from './immutability-rules.ts';
import { findManifest, listManifestsReferringTo } from './manifests.ts';
import { listMembers, removeMember, roleOf, setMember } from './members.ts';
import {
  createNamespace,
  deleteNamespace,
  findNamespace,
  listNamespaces,
  type Namespace,
  updateNamespace,
} from './namespaces.ts';
import { putManifest } from './put-manifest.ts';
import { ensureRepository, findRepository, listRepositories } from './repositories.ts';
import { listTags } from './tags.ts';
import { leaseUpload, openUpload, removeStaleUploads } from './uploads.ts';

let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('expected a value');
  return value;
}

async function addNamespace(name: string, isPublic = false): Promise<Namespace> {
  const result = await createNamespace(database.db, { name: known(parseNamespaceName(name)), isPublic });
  if (result.kind !== 'created') throw new Error(`${name} exists`);
  return result.namespace;
}

async function addAccount(name: string): Promise<number> {
  const row = await database.db
    .insertInto('account')
    .values({ name, kind: 'user', password_hash: null, disabled_at: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

function digestOf(bytes: Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest {
  return known(parseDigest(`${algorithm}:${hash(algorithm, bytes)}`));
}

async function addRepository(namespaceId: number, name: string): Promise<number> {
  return await ensureRepository(database.db, { namespaceId, repository: known(parseRepositoryName(name)) });
}

function smallImage(content = 'hello'): BuiltImage {
  return buildImage({ layers: [buildLayer({ 'etc/motd': content })] });
}

async function storeBlobs(repositoryId: number, image: BuiltImage): Promise<void> {
  for (const [digest, bytes] of image.blobs) {
    const stored = { repositoryId, digest, sizeBytes: bytes.length, storageKey: `key of ${digest}` };
    await database.db.transaction().execute((transaction) => storeBlob(transaction, stored));
  }
}

async function pushManifest(repositoryId: number, image: BuiltImage) {
  const parsed = parseManifest(image.manifestBytes, image.mediaType);
  if (parsed.kind !== 'ok') throw new Error(parsed.message);
  return await putManifest(database.db, {
    repositoryId,
    digest: image.digest,
    digestSha512: digestOf(image.manifestBytes, 'sha512'),
    content: image.manifestBytes,
    manifest: parsed.manifest,
    kind: 'image',
    tags: [known(parseTag('latest'))],
    pushedBy: 'dev',
    decideTagMove: async () => ({ kind: 'allow' }),
    onStored: async () => {},
  });
}

/** Stores blobs and manifest of a small image under the tag `latest`. */
async function addImage(repositoryId: number) {
  const image = smallImage();
  await storeBlobs(repositoryId, image);
  return { image, result: await pushManifest(repositoryId, image) };
}

describe('namespaces', () => {
  it('are made once, changed in part, and listed to those who may see them', async () => {
    const [open, closed] = [await addNamespace('open', true), await addNamespace('closed_1')];
    expect(await createNamespace(database.db, { name: open.name })).toEqual({ kind: 'exists' });
    expect(closed).toMatchObject({ isPublic: false, autoScan: true, policy: { mode: 'off' } });
    const changed = await updateNamespace(database.db, closed.id, {
      autoScan: false,
      policy: { mode: 'enforce' },
    });
    expect(changed).toMatchObject({ autoScan: false, isPublic: false, policy: { mode: 'enforce' } });
    expect(await updateNamespace(database.db, closed.id, {})).toEqual(changed);
    const accountId = await addAccount('member');
    const names = async (visibleTo: Parameters<typeof listNamespaces>[1]['visibleTo'], query?: string) => {
      const filter = { visibleTo, limit: 10, ...(query === undefined ? {} : { query }) };
      const { items, total } = await listNamespaces(database.db, filter);
      expect(total).toBe(items.length);
      return items.map((namespace) => namespace.name);
    };
    expect(await names({ accountId: undefined })).toEqual(['open']);
    expect(await names({ accountId })).toEqual(['open']);
    await setMember(database.db, { namespaceId: closed.id, accountId, role: 'guest' });
    expect(await names({ accountId })).toEqual(['closed_1', 'open']);
    // An underscore is no wildcard (threats.md E2).
    expect([await names('all', '_'), await names('all', '%')]).toEqual([['closed_1'], []]);
  });

  it('that hold images are deleted only by force (I9)', async () => {
    const { id, name } = await addNamespace('full');
    await addImage(await addRepository(id, 'app'));
    expect(await deleteNamespace(database.db, id)).toEqual({ kind: 'not-empty', imageCount: 1 });
    expect(await deleteNamespace(database.db, id, { force: true })).toMatchObject({ kind: 'deleted' });
    expect(await deleteNamespace(database.db, id)).toEqual({ kind: 'not-found' });
    expect(await findNamespace(database.db, name)).toBeUndefined();
  });
});

describe('settings of a namespace', () => {
  let [own, foreign]: readonly Namespace[] = [];
  beforeAll(async () => {
    [own, foreign] = [await addNamespace('own'), await addNamespace('foreign')];
  });

  it('members change and leave', async () => {
    const member = { namespaceId: known(own).id, accountId: await addAccount('changing') };
    await setMember(database.db, { ...member, role: 'developer' });
    await setMember(database.db, { ...member, role: 'admin' });
    expect(await listMembers(database.db, member.namespaceId)).toEqual([
      { accountId: member.accountId, account: 'changing', role: 'admin' },
    ]);
    expect([await removeMember(database.db, member), await removeMember(database.db, member)]).toEqual([
      true,
      false,
    ]);
    expect(await roleOf(database.db, member)).toBeUndefined();
  });

  it('exemptions come one per id and go only from their namespace (A1)', async () => {
    const namespaceId = known(own).id;
    const expiresAt = new Date(Date.UTC(2030, 0, 1));
    const made = await createExemptions(database.db, {
      namespaceId,
      vulnerabilityIds: ['CVE-1', 'CVE-2'],
      packageName: 'musl',
      reason: 'not reachable',
      createdBy: 'root',
      expiresAt,
    });
    expect(made).toMatchObject([
      { vulnerabilityId: 'CVE-1', packageName: 'musl', expiresAt },
      { vulnerabilityId: 'CVE-2' },
    ]);
    expect(made[0]).not.toHaveProperty('digest');
    const id = known(made[0]).id;
    expect(await deleteExemption(database.db, { namespaceId: known(foreign).id, id })).toBeUndefined();
    expect(await deleteExemption(database.db, { namespaceId, id })).toEqual(made[0]);
    expect(await listExemptions(database.db, namespaceId)).toEqual([made[1]]);
  });

  it('immutability rules are enabled at first, change, and belong to their namespace (A1)', async () => {
    const namespaceId = known(own).id;
    const rule = await createImmutabilityRule(database.db, {
      namespaceId,
      template: 'custom',
      repositories: { match: 'matching', pattern: '**' },
      tags: { match: 'excluding', pattern: 'latest' },
      createdBy: 'root',
    });
    expect(rule).toMatchObject({ enabled: true, allowDelete: false });
    const wrong = { namespaceId: known(foreign).id, id: rule.id };
    expect(await updateImmutabilityRule(database.db, wrong, { enabled: false })).toBeUndefined();
    expect(await deleteImmutabilityRule(database.db, wrong)).toBeUndefined();
    const changed = await updateImmutabilityRule(database.db, rule, {
      enabled: false,
      tags: { match: 'matching', pattern: 'v*' },
    });
    expect(changed).toEqual({ ...rule, enabled: false, tags: { match: 'matching', pattern: 'v*' } });
    expect(await listImmutabilityRules(database.db, namespaceId)).toEqual([changed]);
    expect(await deleteImmutabilityRule(database.db, rule)).toEqual(changed);
  });
});

describe('repositories', () => {
  it('are made once, also by pushes at the same moment, and counted', async () => {
    const namespace = await addNamespace('counted');
    const ids = await Promise.all(Array.from({ length: 8 }, () => addRepository(namespace.id, 'team/app')));
    expect(new Set(ids).size).toBe(1);
    await addImage(known(ids[0]));
    const found = await findRepository(database.db, {
      namespace: namespace.name,
      repository: known(parseRepositoryName('team/app')),
    });
    expect(found).toMatchObject({ namespaceId: namespace.id, repositoryId: ids[0] });
    await addRepository(namespace.id, 'zero');
    const list = (after?: { namespace: NamespaceName; repository: string }) =>
      listRepositories(database.db, {
        visibleTo: 'all',
        namespaceId: namespace.id,
        limit: 1,
        ...(after === undefined ? {} : { after }),
      });
    const first = await list();
    expect(first.total).toBe(2);
    expect(first.items).toMatchObject([{ repository: 'team/app', tagCount: 1, imageCount: 1 }]);
    const second = await list({ namespace: namespace.name, repository: 'team/app' });
    expect(second.items).toMatchObject([{ repository: 'zero', tagCount: 0, imageCount: 0 }]);
    const hidden = await listRepositories(database.db, { visibleTo: { accountId: undefined }, limit: 10 });
    expect(hidden.items.map((item) => item.namespace)).not.toContain('counted');
  });
});

describe('manifests', () => {
  it('are one row under both digests, found through their repository and blobs', async () => {
    const namespace = await addNamespace('images');
    const repositoryId = await addRepository(namespace.id, 'app');
    const { image, result } = await addImage(repositoryId);
    if (result.kind !== 'stored') throw new Error(result.kind);
    expect(result.isNew).toBe(true);
    expect((await addImage(repositoryId)).result).toEqual({ ...result, isNew: false });
    const sha512 = digestOf(image.manifestBytes, 'sha512');
    for (const reference of [
      { kind: 'digest', digest: image.digest },
      { kind: 'digest', digest: sha512 },
      { kind: 'tag', tag: known(parseTag('latest')) },
    ] as const) {
      const found = await findManifest(database.db, { repositoryId, reference });
      expect(found).toMatchObject({ imageId: result.imageId, digest: image.digest, kind: 'image' });
      expect(found?.content.equals(image.manifestBytes)).toBe(true);
      const elsewhere = await addRepository(namespace.id, 'other');
      expect(await findManifest(database.db, { repositoryId: elsewhere, reference })).toBeUndefined();
    }
    for (const blobDigest of image.blobs.keys()) {
      const referring = await listManifestsReferringTo(database.db, { repositoryId, blobDigest });
      expect(referring).toEqual([{ digest: image.digest, kind: 'image' }]);
    }
    const tags = await listTags(database.db, { repositoryId, limit: 10 });
    expect(tags).toMatchObject({ total: 1, items: [{ tag: 'latest', imageId: result.imageId }] });
    const pins = await database.db
      .selectFrom('blob_pin')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .execute();
    expect(pins).toEqual([]);
  });

  it('are one row when many repositories are pushed the same at the same moment (threats.md F9)', async () => {
    const namespace = await addNamespace('crowd');
    const repositoryIds = await Promise.all(
      Array.from({ length: 8 }, (_, index) => addRepository(namespace.id, `app-${index}`)),
    );
    for (let round = 0; round < 20; round += 1) {
      const image = smallImage(`round ${round}`);
      for (const repositoryId of repositoryIds) await storeBlobs(repositoryId, image);
      const pushed = await Promise.all(repositoryIds.map((id) => pushManifest(id, image)));
      expect(pushed.map(({ kind }) => kind)).toEqual(repositoryIds.map(() => 'stored'));
    }
  });
});

describe('storeBlob()', () => {
  it('gives up the older copy, whichever repository stored it', async () => {
    const namespace = await addNamespace('copies');
    const [first, second] = [await addRepository(namespace.id, 'a'), await addRepository(namespace.id, 'b')];
    const digest = digestOf(Buffer.from('copies'));
    const store = (repositoryId: number, storageKey: string) =>
      database.db
        .transaction()
        .execute((transaction) => storeBlob(transaction, { repositoryId, digest, sizeBytes: 6, storageKey }));
    expect(await store(first, 'one')).toEqual({ replacedKeys: [] });
    expect(await findBlob(database.db, { repositoryId: second, digest })).toBeUndefined();
    expect(await store(second, 'two')).toEqual({ replacedKeys: ['one'] });
    expect(await store(second, 'two')).toEqual({ replacedKeys: [] });
    expect(await findBlob(database.db, { repositoryId: first, digest })).toMatchObject({ storageKey: 'two' });
    await database.db.updateTable('blob').set({ state: 'deleting' }).where('digest', '=', digest).execute();
    expect(await locateBlob(database.db, digest)).toBeUndefined();
    await store(first, 'three');
    expect(await locateBlob(database.db, digest)).toMatchObject({ storageKey: 'three' });
  });
});

describe('removeStaleUploads()', () => {
  it('removes what nobody touched and nobody works on', async () => {
    const namespace = await addNamespace('uploads');
    const repositoryId = await addRepository(namespace.id, 'app');
    const accountId = await addAccount('uploader');
    const ids = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${number}`);
    for (const id of ids) await openUpload(database.db, { id, repositoryId, accountId });
    const [old, leased] = [known(ids[0]), known(ids[1])];
    await leaseUpload(database.db, { id: leased, repositoryId, accountId }, { lease: leased });
    await database.pool.query(`update upload set touched_at = now() - interval '2 h' where id in ($1, $2)`, [
      old,
      leased,
    ]);
    expect(await removeStaleUploads(database.db, { ttlSeconds: 3_600, limit: 10 })).toEqual([old]);
  });
});
