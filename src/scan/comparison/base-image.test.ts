import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type BuiltImage,
  type BuiltLayer,
  buildImage,
  buildIndex,
  buildLayer,
} from '../../testing/samples/build-image.ts';
import { alpineFiles } from '../../testing/samples/small-feed.ts';
import { ScanHarness } from '../../testing/scan-harness.ts';
import { fillLayerChains } from '../fill-layer-chains.ts';
import { type BaseImage, findBaseImage } from './base-image.ts';

const root = alpineFiles({ musl: '1.1.16-r10' });
const system = buildLayer(root);
const runtime = buildLayer({ 'opt/runtime': 'r' });
const own = buildLayer({ 'srv/app': 'a' });
const systemImage = buildImage({ layers: [system] });
const runtimeImage = buildImage({ layers: [system, runtime] });
const appImage = buildImage({ layers: [system, runtime, own] });

let harness: ScanHarness;
let demo: number;
let bases: number;

beforeEach(async () => {
  harness = await ScanHarness.start();
  demo = await harness.addNamespace('demo');
  bases = await harness.addNamespace('bases');
});
afterEach(() => harness.close());

async function store(
  namespaceId: number,
  image: BuiltImage,
  where: { readonly repository: string; readonly tag?: string },
): Promise<void> {
  await harness.push(namespaceId, image, where);
  await harness.scan(image.digest);
}

const baseOf = (
  layers: readonly BuiltLayer[],
  namespaceIds?: readonly number[],
): Promise<BaseImage | undefined> =>
  findBaseImage(harness.database.db, { layers: layers.map(({ digest }) => digest), namespaceIds });

const appLayers = [system, runtime, own];

describe('findBaseImage()', () => {
  it('names the image with the longest lower part of the layers, whichever was pushed first', async () => {
    await store(demo, appImage, { repository: 'app' });
    expect(await baseOf(appLayers)).toBeUndefined();
    await store(bases, systemImage, { repository: 'alpine', tag: '3.6' });
    expect(await baseOf(appLayers)).toMatchObject({ repository: 'alpine', layerCount: 1 });
    await store(bases, runtimeImage, { repository: 'runtime', tag: '1.0' });
    expect(await baseOf(appLayers)).toMatchObject({
      namespace: 'bases',
      repository: 'runtime',
      tags: ['1.0'],
      formerTags: [],
      digest: runtimeImage.digest,
      layerCount: 2,
    });
  });

  it('never takes an image for its own base, nor one with other or as many layers', async () => {
    await store(bases, systemImage, { repository: 'alpine' });
    await store(bases, buildImage({ layers: [runtime] }), { repository: 'other' });
    expect(await baseOf([system])).toBeUndefined();
    expect(await baseOf([own, system])).toBeUndefined();
  });

  it('finds a base whose layers are compressed otherwise, by what they inflate to', async () => {
    const recompressed = buildLayer(root, 'zstd');
    expect(recompressed.digest).not.toBe(system.digest);
    await store(bases, buildImage({ layers: [recompressed] }), { repository: 'alpine' });
    await store(demo, appImage, { repository: 'app' });
    expect(await baseOf(appLayers)).toMatchObject({ repository: 'alpine', layerCount: 1 });
  });

  it('does not believe the diff ids of a config', async () => {
    const liar = buildImage({
      layers: [own],
      configFields: { rootfs: { type: 'layers', diff_ids: [system.diffId] } },
    });
    await store(bases, liar, { repository: 'liar' });
    await store(demo, appImage, { repository: 'app' });
    expect(await baseOf(appLayers)).toBeUndefined();
  });

  it('names only what the asker may read, and the next longest instead', async () => {
    await store(bases, runtimeImage, { repository: 'secret' });
    await store(demo, systemImage, { repository: 'alpine' });
    await store(demo, appImage, { repository: 'app' });
    expect(await baseOf(appLayers, [demo, bases])).toMatchObject({ repository: 'secret' });
    expect(await baseOf(appLayers, [demo])).toMatchObject({ repository: 'alpine', layerCount: 1 });
    expect(await baseOf(appLayers, [])).toBeUndefined();
  });

  it('forgets a base that is deleted', async () => {
    await store(bases, systemImage, { repository: 'alpine' });
    await store(bases, runtimeImage, { repository: 'runtime' });
    await store(demo, appImage, { repository: 'app' });
    await harness.delete(bases, 'runtime', runtimeImage.digest);
    expect(await baseOf(appLayers)).toMatchObject({ repository: 'alpine' });
  });

  it('names the tags that lead to it through an index, and those that were moved on', async () => {
    const arm = buildImage({ layers: [{ 'etc/arm': '' }], architecture: 'arm64' });
    const index = buildIndex([systemImage, arm]);
    await harness.pushIndex(bases, index, { repository: 'alpine', tag: '3.6' });
    await harness.scan(systemImage.digest);
    await store(demo, appImage, { repository: 'app' });
    expect(await baseOf(appLayers)).toMatchObject({ tags: ['3.6'], formerTags: [] });
    await store(bases, buildImage({ layers: [{ 'etc/new': '' }] }), { repository: 'alpine', tag: '3.6' });
    expect(await baseOf(appLayers)).toMatchObject({ tags: [], formerTags: ['3.6'] });
    await harness.delete(bases, 'alpine', index.digest);
    const { rows } = await sql`select from former_tag`.execute(harness.database.db);
    expect(rows).toHaveLength(0);
  });

  it('prefers a tagged one, then the first that was pushed, of several with the same layers', async () => {
    const later = buildImage({ layers: [system], createdAt: '2021-01-01T00:00:00Z' });
    await store(bases, systemImage, { repository: 'untagged', tag: '' });
    await store(bases, systemImage, { repository: 'first', tag: '3.6' });
    await store(bases, later, { repository: 'second', tag: '3.6' });
    await store(demo, appImage, { repository: 'app' });
    expect(await baseOf(appLayers)).toMatchObject({ repository: 'first' });
  });

  it('works out the chain ids of the OCI specification, and ends at a layer that was not read', async () => {
    await store(demo, appImage, { repository: 'app' });
    const digests = [system, runtime, own, buildLayer({ 'not/stored': '' })].map(({ digest }) => digest);
    const { rows } = await sql<{ chains: readonly Buffer[] }>`
      select layer_chain_ids(${digests}::text[]) as chains`.execute(harness.database.db);
    const expected: string[] = [];
    for (const { diffId } of appLayers) {
      const below = expected.at(-1);
      const hash = createHash('sha256').update(`${below} ${diffId}`).digest('hex');
      expected.push(below === undefined ? diffId : `sha256:${hash}`);
    }
    expect(rows[0]?.chains.map((chain) => `sha256:${chain.toString('hex')}`)).toEqual(expected);
  });

  it('reads 512 of 20,000 layers, and such an image is nobody’s base (threats.md D9)', async () => {
    await store(bases, systemImage, { repository: 'alpine' });
    await store(demo, appImage, { repository: 'app' });
    const hostile = Array.from({ length: 20_000 }, (_, index) => (index === 0 ? system.digest : own.digest));
    const { rows } = await sql<{ count: number }>`
      select cardinality(layer_chain_ids(${hostile}::text[])) as count`.execute(harness.database.db);
    expect(rows[0]?.count).toBe(512);
    expect(await findBaseImage(harness.database.db, { layers: hostile })).toMatchObject({ layerCount: 1 });
  });
});

describe('fillLayerChains()', () => {
  it('makes bases of images that were scanned before there was a table of layers', async () => {
    const { db } = harness.database;
    await store(bases, systemImage, { repository: 'alpine' });
    await store(demo, appImage, { repository: 'app' });
    await sql`delete from layer_chain`.execute(db);
    await sql`insert into layer_chain_due select manifest_digest from image_report`.execute(db);
    expect(await baseOf(appLayers)).toBeUndefined();
    expect(await fillLayerChains(db)).toBe(2);
    expect(await baseOf(appLayers)).toMatchObject({ repository: 'alpine' });
    expect(await fillLayerChains(db)).toBe(0);
  });
});
