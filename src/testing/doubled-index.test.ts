import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteManifest } from '../catalog/delete-content.ts';
import type { RepositoryRef } from '../registry/guards.ts';
import { cancelScan, queueScan } from '../scan/queue-scan.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { GarbageCollector } from '../upkeep/garbage-collector.ts';
import { buildImage, buildLayer } from './samples/build-image.ts';
import { alpineFiles, storeFeedStatus, storeSmallFeed } from './samples/small-feed.ts';
import { ScanHarness } from './scan-harness.ts';
import { digestOfText } from './stored-images.ts';

const today = new Date('2018-06-01T00:00:00Z');
const evil = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10' }))] });
const levels = 30;
const levelDigest = (level: number) => (level === 0 ? evil.digest : digestOfText(`level ${level}`));

let harness: ScanHarness;
let repository: RepositoryRef;

// A push refuses more than 8 levels; a database of an earlier version may hold them.
beforeAll(async () => {
  harness = await ScanHarness.start();
  harness.now = () => today;
  const { db, pool } = harness.database;
  await storeSmallFeed(db, [{ cve: 'CVE-2017-1', name: 'musl', fixed: '1.1.16-r11' }]);
  await storeFeedStatus(db, today);
  const namespaceId = await harness.addNamespace('demo', { mode: 'enforce' });
  repository = await harness.repository(namespaceId);
  await harness.push(namespaceId, evil, { tag: '' });
  await harness.scan(evil.digest);
  for (let level = 1; level <= levels; level += 1) {
    const [digest, below] = [levelDigest(level), levelDigest(level - 1)];
    await pool.query(
      `insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content)
       values ($1, 'application/vnd.oci.image.index.v1+json', 'index', 2, 2, '{}')`,
      [digest],
    );
    await pool.query(
      `insert into manifest_child (parent_digest, position, child_digest, media_type)
       values ($1, 0, $2, 'a/b'), ($1, 1, $2, 'a/b')`,
      [digest, below],
    );
    await pool.query(
      `insert into repository_manifest (repository_id, manifest_digest, pushed_by) values ($1, $2, 'dev')`,
      [repository.repositoryId, digest],
    );
  }
});
afterAll(() => harness.close());

/** What takes each path by itself, of which there are 2^30, does not end within hours. */
async function quickly<Result>(work: () => Promise<Result>): Promise<Result> {
  const startedAtMs = performance.now();
  const result = await work();
  expect(performance.now() - startedAtMs).toBeLessThan(60_000);
  return result;
}

describe('an index of 30 levels, each of which names the next twice (threats.md C7)', () => {
  const top = levelDigest(levels);

  it('is judged soon, by the image at its bottom', async () => {
    const decision = await quickly(() => harness.pullGuard.decide(harness.pull(repository, top)));
    expect(decision).toMatchObject({ kind: 'deny', message: expect.stringContaining('CVE-2017-1') });
  });

  it('has its facts, and its scan queued and cancelled, soon', async () => {
    await quickly(() => harness.facts.factsOf(top));
    const { db } = harness.database;
    const queued = await quickly(() =>
      db.transaction().execute((transaction) => queueScan(transaction, harness.queue, top)),
    );
    expect(queued).toBe(1);
    expect(await quickly(() => cancelScan(db, harness.queue, top))).toBe(1);
  });

  it('is looked through by the collector soon', async () => {
    const collector = new GarbageCollector({ db: harness.database.db, store: new MemoryStore() });
    await quickly(() => collector.pass());
  });

  it('is found from its bottom, and deleted, soon', async () => {
    const { db, pool } = harness.database;
    const { repositoryId } = repository;
    await pool.query('insert into tag (repository_id, name, manifest_digest) values ($1, $2, $3)', [
      repositoryId,
      'top',
      top,
    ]);
    const asked: string[] = [];
    const decideTagMove = async (_: unknown, move: { readonly tag: string }) => {
      asked.push(move.tag);
      return { kind: 'refuse', message: 'immutable', detail: {} } as const;
    };
    const refused = await quickly(() =>
      deleteManifest(db, { repositoryId, digest: evil.digest, decideTagMove }),
    );
    expect([refused.kind, asked]).toEqual(['refused', ['top']]);
    const decideAll = async () => ({ kind: 'allow' }) as const;
    const deleted = await quickly(() =>
      deleteManifest(db, { repositoryId, digest: top, decideTagMove: decideAll }),
    );
    expect(deleted.kind).toBe('deleted');
  });
});
