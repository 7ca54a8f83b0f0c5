import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createImmutabilityRule } from '../catalog/immutability-rules.ts';
import { parseTag } from '../oci/names.ts';
import type { TagMove } from '../registry/guards.ts';
import { buildImage } from '../testing/samples/build-image.ts';
import { ScanHarness } from '../testing/scan-harness.ts';

const one = buildImage({ layers: [{ a: '1' }] });
const other = buildImage({ layers: [{ a: '2' }] });

let harness: ScanHarness;
let namespaceId: number;

beforeEach(async () => {
  harness = await ScanHarness.start();
  namespaceId = await harness.addNamespace('demo', undefined, false);
});
afterEach(() => harness.close());

const addRule = (options: { readonly allowDelete?: boolean } = {}) =>
  createImmutabilityRule(harness.database.db, {
    namespaceId,
    template: 'custom',
    repositories: { match: 'matching', pattern: '**' },
    tags: { match: 'matching', pattern: 'v*' },
    createdBy: 'ann',
    ...options,
  });

async function decide(tagText: string, change: Partial<TagMove>) {
  const tag = parseTag(tagText);
  if (tag === undefined) throw new Error('no tag');
  const repository = await harness.repository(namespaceId);
  return await harness.database.db.transaction().execute((transaction) =>
    harness.tagGuard.decideTagMove(transaction, {
      requester: { name: 'dev', client: 'test' },
      repository,
      tag,
      isReferrerFallback: false,
      ...change,
    }),
  );
}

const tagOf = async (name: string) =>
  (
    await harness.database.db
      .selectFrom('tag')
      .select('manifest_digest')
      .where('name', '=', name)
      .executeTakeFirst()
  )?.manifest_digest;

describe('TagGuard (semantics.md §4)', () => {
  it('refuses another digest and names the rule, the current digest and a free tag', async () => {
    const rule = await addRule();
    expect((await harness.push(namespaceId, one, { tag: 'v1' })).kind).toBe('stored');
    await harness.push(namespaceId, one, { tag: 'v1-2' });
    const refused = await harness.push(namespaceId, other, { tag: 'v1' });
    expect(refused).toMatchObject({
      kind: 'refused',
      message: `Cannot move tag "v1": it is immutable by rule ${rule.id}: repositories **, tags v*, and points at ${one.digest}; "v1-3" is free`,
      detail: { currentDigest: one.digest, freeTag: 'v1-3', rule: { id: rule.id } },
    });
    expect(await tagOf('v1')).toBe(one.digest);
  });

  it('takes the same digest again, and moves what no rule covers', async () => {
    await addRule();
    for (const tag of ['v1', 'v1', 'dev']) {
      expect((await harness.push(namespaceId, one, { tag })).kind).toBe('stored');
    }
    expect((await harness.push(namespaceId, other, { tag: 'dev' })).kind).toBe('stored');
    expect(await tagOf('dev')).toBe(other.digest);
  });

  it('applies a rule to tags that were there before', async () => {
    await harness.push(namespaceId, one, { tag: 'v1' });
    await addRule();
    expect((await harness.push(namespaceId, other, { tag: 'v1' })).kind).toBe('refused');
  });

  it('refuses to delete unless every rule that matches allows it', async () => {
    await addRule({ allowDelete: true });
    expect((await decide('v1', { currentDigest: one.digest })).kind).toBe('allow');
    expect((await decide('v1', { currentDigest: one.digest, newDigest: other.digest })).kind).toBe('refuse');
    await addRule();
    expect((await decide('v1', { currentDigest: one.digest })).kind).toBe('refuse');
  });

  it('exempts the fallback tag of a signature', async () => {
    await addRule();
    const move = { currentDigest: one.digest, newDigest: other.digest };
    expect((await decide('v1', { ...move, isReferrerFallback: true })).kind).toBe('allow');
  });

  it('lets exactly one of two racing first pushes win', async () => {
    await addRule();
    const results = await Promise.all(
      [one, other].map((image) => harness.push(namespaceId, image, { tag: 'v9' })),
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual(['refused', 'stored']);
    const winner = results[0]?.kind === 'stored' ? one : other;
    expect(await tagOf('v9')).toBe(winner.digest);
  });

  it('throws when the rules cannot be read, and nothing changes (threats.md I17)', async () => {
    await addRule();
    await harness.push(namespaceId, one, { tag: 'v1' });
    await harness.database.pool.query('alter table immutability_rule rename to gone');
    await expect(harness.push(namespaceId, other, { tag: 'v1' })).rejects.toThrow();
    expect(await tagOf('v1')).toBe(one.digest);
  });
});
