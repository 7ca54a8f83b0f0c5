import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../bytes/digest.ts';
import { useBundleHarness } from '../../testing/bundle-harness.ts';
import { buildTar } from '../../testing/samples/build-image.ts';
import { buildZip } from '../../testing/samples/build-zip.ts';
import { alpineRecords } from '../../testing/samples/osv-fixtures.ts';
import { lastBundle } from '../bundle-history.ts';
import { readFeedStatus } from '../feed-status.ts';
import { bundleManifest } from './bundle.ts';
import type { BundleConfig } from './bundle-config.ts';
import { signatureAnnotation } from './bundle-signature.ts';

const harness = useBundleHarness();
const stranger = generateKeyPairSync('ed25519').privateKey;
const dayMs = 86_400_000;

interface Changes {
  readonly config?: (config: BundleConfig) => unknown;
  readonly manifest?: (manifest: Record<string, unknown>) => unknown;
  /** Signs what `config` made. */
  readonly key?: KeyObject;
  readonly withoutLayer?: true;
}

/** The bundle with changes; its digests are made to fit, so that only what a change is about is wrong. */
function rebuilt(path: string, name: string, changes: Changes): string {
  const files = layoutOf(path);
  const index = JSON.parse(files['index.json']?.toString() ?? '');
  const manifest = JSON.parse(files[blob(index.manifests[0].digest)]?.toString() ?? '');
  const config: BundleConfig = JSON.parse(files[blob(manifest.config.digest)]?.toString() ?? '');
  const configBytes = Buffer.from(JSON.stringify(changes.config?.(config) ?? config));
  const signatures = changes.key === undefined ? [] : [signatureAnnotation(configBytes, changes.key)];
  const made = JSON.parse(bundleManifest({ config, configBytes, signatures }).toString());
  if (changes.key === undefined) made.annotations = manifest.annotations;
  const manifestBytes = Buffer.from(JSON.stringify(changes.manifest?.(made) ?? made));
  index.manifests = [{ ...index.manifests[0], digest: digestOf(manifestBytes), size: manifestBytes.length }];
  if (changes.withoutLayer) delete files[blob(manifest.layers[0].digest)];
  return written(name, {
    ...files,
    'index.json': Buffer.from(JSON.stringify(index)),
    [blob(digestOf(manifestBytes))]: manifestBytes,
    [blob(digestOf(configBytes))]: configBytes,
  });
}

function written(name: string, files: Record<string, Buffer>): string {
  return saved(name, buildTar(files));
}

function saved(name: string, bytes: Buffer): string {
  const path = join(harness.folder, name);
  writeFileSync(path, bytes);
  return path;
}

function blob(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** Members of a tar that `writeBundleFile()` has written. */
function layoutOf(path: string): Record<string, Buffer> {
  const bytes = readFileSync(path);
  const files: Record<string, Buffer> = {};
  for (let at = 0; bytes[at] !== 0; ) {
    const name = bytes.toString('latin1', at, bytes.indexOf(0, at));
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8);
    files[name] = bytes.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

function flipped(path: string, name: string, find: string): string {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(find);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return saved(name, bytes);
}

const broken: readonly (readonly [string, (good: string) => string | Promise<string>, RegExp])[] = [
  [
    'truncated',
    (good) => saved('x', readFileSync(good).subarray(0, 9_000)),
    /must be a tar .* it ends within a member/,
  ],
  [
    'with a flipped bit',
    (good) => flipped(good, 'x', 'PK\x03\x04'),
    /must hash to that, got sha256:.*damaged or was changed/,
  ],
  [
    'with a wrong signature',
    (good) => rebuilt(good, 'x', { config: (config) => ({ ...config, version: config.version + 1 }) }),
    /its signature of key [0-9a-f]{16} must be one of its config/,
  ],
  [
    'signed by a stranger',
    (good) => rebuilt(good, 'x', { key: stranger }),
    /must be signed by a key that is trusted \([0-9a-f]{16}\), got [0-9a-f]{16}; .*PRATIQUE_ADVISORY_KEYS/,
  ],
  [
    'unsigned',
    () => harness.exported('x', { keys: [] }),
    /must be signed, got no signature; .*--allow-unsigned/,
  ],
  [
    'of another schema',
    (good) => rebuilt(good, 'x', { config: (config) => ({ ...config, schema: 2 }), key: harness.key }),
    /its config must be of schema 1, got 2; .* a newer Pratique/,
  ],
  [
    'that breaks the schema',
    (good) => rebuilt(good, 'x', { config: (config) => ({ ...config, version: '7' }), key: harness.key }),
    /its config must be as schema 1 says, got "\/version"/,
  ],
  [
    'that is a page',
    () => saved('x', Buffer.from('<!DOCTYPE html><title>200 OK</title>'.padEnd(600))),
    /got an HTML or XML page/,
  ],
  [
    'that is compressed',
    (good) => saved('x', gzipSync(readFileSync(good))),
    /must not be compressed as a whole/,
  ],
  [
    'without a layer',
    (good) => rebuilt(good, 'x', { withoutLayer: true }),
    /its tar must hold the file "blobs\/sha256\/[0-9a-f]{64}", got none/,
  ],
  [
    'with other layers',
    (good) =>
      rebuilt(good, 'x', {
        manifest: (made) => ({ ...made, layers: (made['layers'] as unknown[]).slice(1) }),
      }),
    /its layers must be those that its config names/,
  ],
  [
    'that leads out of its folder',
    (good) =>
      rebuilt(good, 'x', {
        config: (config) => ({
          ...config,
          feeds: config.feeds.map((feed) => ({ ...feed, name: `../${feed.name}` })),
        }),
        key: harness.key,
      }),
    /got "\/feeds\/0\/name"/,
  ],
  [
    'that is an image',
    (good) =>
      rebuilt(good, 'x', {
        manifest: (made) => ({
          ...made,
          config: { ...(made['config'] as object), mediaType: 'application/vnd.oci.image.config.v1+json' },
        }),
      }),
    /must be an artifact with a config of type .*, got application\/vnd.oci.image.config/,
  ],
  [
    'of the future',
    (good) =>
      rebuilt(good, 'x', {
        config: (config) => ({ ...config, version: config.version + 2 * dayMs }),
        key: harness.key,
      }),
    /must not be of the future, got 2026-08-24/,
  ],
];

it('importBundle() refuses broken bundles, says why, and changes nothing (threats.md F20, E9)', async () => {
  await harness.fill();
  const good = await harness.exported('good');
  for (const [kind, make, message] of broken) {
    const path = await make(good);
    await expect(harness.imported(path), kind).rejects.toThrow(message);
    await expect(harness.imported(path), kind).rejects.toThrow(`Cannot use the bundle "${path}": `);
  }
  expect(await readFeedStatus(harness.target.db)).toEqual([]);
  expect(await lastBundle(harness.target.db)).toBeUndefined();
  expect((await harness.imported(good)).kind).toBe('imported');
});

it('importBundle() keeps each last good feed where a signed layer is a bomb, and says why (threats.md F20)', async () => {
  await harness.fill();
  const good = await harness.exported('good');
  await harness.imported(good);
  const bomb = buildZip([{ name: 'ALPINE-CVE-2024-1000.json', bytes: Buffer.alloc(17 * 2 ** 20) }]);
  const index = 0; // Alpine
  const path = rebuilt(good, 'bomb', {
    config: (config) => {
      const feeds = config.feeds.map((feed, at) =>
        at === index ? { ...feed, digest: digestOf(bomb), size: bomb.length } : feed,
      );
      Object.assign(config, { version: config.version + 1, feeds });
      return config;
    },
    key: harness.key,
  });
  const files = layoutOf(path);
  const { result } = await harness.imported(written('bomb', { ...files, [blob(digestOf(bomb))]: bomb }));
  expect(result.feeds.map(({ name, kind }) => [name, kind])).toContainEqual(['Alpine', 'failed']);
  const accepted = await lastBundle(harness.target.db);
  const [alpine] = await readFeedStatus(harness.target.db);
  expect(alpine).toMatchObject({
    recordCount: 40,
    lastError: expect.stringMatching(/bomb\/Alpine\/all.zip": .*must unpack to at most/),
  });
  expect((await lastBundle(harness.target.db))?.importedAt).toBeUndefined();
  // It is tried again, as the same attempt.
  expect((await harness.imported(join(harness.folder, 'bomb'))).kind).toBe('imported');
  expect((await lastBundle(harness.target.db))?.id).toBe(accepted?.id);
});

describe('importBundle() against rollback and freeze (threats.md F22)', () => {
  it('refuses an older bundle and another one of the same version; force takes it and is told of', async () => {
    await harness.fill();
    const first = await harness.exported('first');
    const firstAt = harness.sync.clock;
    harness.sync.clock = new Date(firstAt.getTime() + dayMs);
    await harness.fill();
    const second = await harness.exported('second');
    const third = rebuilt(second, 'third', {
      config: (config) => ({ ...config, feeds: config.feeds.slice(0, 1) }),
      key: harness.key,
      manifest: (made) => ({ ...made, layers: (made['layers'] as unknown[]).slice(0, 1) }),
    });
    await harness.imported(second);
    await expect(harness.imported(first)).rejects.toThrow(
      /must not be older than the one that is held \(version \d+ of 2026-08-23T00:00\), got version \d+ of 2026-08-22T00:00; "--force"/,
    );
    await expect(harness.imported(third)).rejects.toThrow(
      /must have another version than the different one that is held/,
    );
    expect((await harness.imported(second)).kind).toBe('unchanged');

    const told: unknown[] = [];
    const onAccepted = async (_: unknown, { version }: { readonly version: number }) =>
      void told.push(version);
    const { result } = await harness.imported(first, { force: true, onAccepted });
    expect(result.feeds.filter(({ kind }) => kind === 'failed')).toEqual([]);
    expect(told).toEqual([firstAt.getTime()]);
    const [alpine] = await readFeedStatus(harness.target.db);
    expect(alpine?.lastSuccessAt).toEqual(firstAt);
  });

  it('refuses feeds that are older than what a mirror gave, and takes those that are not', async () => {
    await harness.fill();
    const path = await harness.exported('older');
    await harness.imported(path);
    await harness.target.pool.query(`truncate advisory_bundle`);
    const later = new Date(harness.sync.clock.getTime() + dayMs);
    await harness.target.pool.query(`update feed set last_success_at = $1 where name = 'Alpine'`, [later]);
    const { result } = await harness.imported(path);
    expect(result.feeds.find(({ name }) => name === 'Alpine')).toMatchObject({
      kind: 'failed',
      error: expect.stringContaining(
        'must not be older than what is held (2026-08-23T00:00:00.000Z), got 2026-08-22',
      ),
    });
    expect(result.feeds.filter(({ kind }) => kind === 'failed')).toHaveLength(1);
  });

  it('refuses a feed that lost a third of its records, like a mirror', async () => {
    await harness.fill();
    await harness.imported(await harness.exported('whole'));
    harness.sync.clock = new Date(harness.sync.clock.getTime() + dayMs);
    harness.sync.mirror.setFolder('Alpine', alpineRecords(20));
    await harness.sync.sync({}, { force: true });
    const { result } = await harness.imported(await harness.exported('half'));
    expect(result.feeds.find(({ name }) => name === 'Alpine')).toMatchObject({ kind: 'failed', records: 40 });
  });
});
