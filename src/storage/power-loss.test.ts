import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { type FileOperation, PowerLossFiles, unsyncedOperations } from '../testing/power-loss-files.ts';
import { FileStore } from './file-store.ts';

const root = '/store';
const pushes = 50;

/** What a client was told, and after how many operations. */
type Told =
  | { readonly kind: 'blob'; readonly at: number; readonly key: string; readonly bytes: Buffer }
  | { readonly kind: 'offset'; readonly at: number; readonly uploadId: string; readonly bytes: Buffer };

interface Recorded {
  readonly operations: readonly FileOperation[];
  readonly told: readonly Told[];
  /** When a commit of the upload began. */
  readonly commits: ReadonlyMap<string, { readonly at: number; readonly digest: Digest }>;
  /** When the removal of a copy began that a newer one replaces. */
  readonly removals: ReadonlyMap<string, number>;
}

/** Numbers that look random and are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Content whose digest begins with one of four bytes: pushes meet in the folders. */
function contentFor(number: number): Buffer {
  for (let salt = 0; ; salt += 1) {
    const bytes = Buffer.from(`push ${number} ${salt} ${'.'.repeat(number * 7)}`);
    if (/^sha256:0[0-3]/.test(digestOf(bytes))) return bytes;
  }
}

/** 50 pushes in five lanes, some in pieces, taken over, repeated, given up: as the registry makes them. */
async function record(ignoresSync?: (operation: FileOperation) => boolean): Promise<Recorded> {
  const files = new PowerLossFiles(ignoresSync);
  const store = await FileStore.open(root, { fileSystem: files });
  const told: Told[] = [];
  const commits = new Map<string, { at: number; digest: Digest }>();
  const removals = new Map<string, number>();
  const newest = new Map<Digest, string>();
  const now = () => files.operations.length;
  const push = async (number: number) => {
    const bytes = contentFor(number % 10 === 9 ? number - 5 : number);
    const uploadId = randomUUID();
    await store.create(uploadId);
    const middle = number % 3 === 0 ? Math.floor(bytes.length / 2) : bytes.length;
    for (const [start, end] of [
      [0, middle],
      [middle, bytes.length],
    ] as const) {
      if (start === end) continue;
      await store.append(uploadId, start, Readable.from([bytes.subarray(start, end)]));
      told.push({ kind: 'offset', at: now(), uploadId, bytes: bytes.subarray(0, end) });
      if (number % 6 === 0 && start === 0) await store.takeOver(uploadId);
    }
    const digest = digestOf(bytes);
    commits.set(uploadId, { at: now(), digest });
    if (number % 12 === 5) return await store.discard(uploadId);
    const result = await store.commit(uploadId, digest);
    if (result.kind !== 'stored') throw new Error(`expected stored, got ${result.kind}`);
    told.push({ kind: 'blob', at: now(), key: result.key, bytes });
    const replaced = newest.get(digest);
    newest.set(digest, result.key);
    if (replaced === undefined) return;
    removals.set(replaced, now());
    await store.delete(replaced);
  };
  await Promise.all(
    [0, 1, 2, 3, 4].map(async (lane) => {
      for (let number = lane; number < pushes; number += 5) await push(number);
    }),
  );
  return { operations: files.operations, told, commits, removals };
}

/** Of the unsynced: none, all, each alone, all but each, and some at random. */
function* subsetsOf(unsynced: readonly number[], random: () => number): Generator<ReadonlySet<number>> {
  yield new Set();
  if (unsynced.length === 0) return;
  yield new Set(unsynced);
  for (const one of unsynced) {
    yield new Set([one]);
    yield new Set(unsynced.filter((other) => other !== one));
  }
  for (let times = 0; times < 4; times += 1) yield new Set(unsynced.filter(() => random() < 0.5));
}

const digests = new WeakMap<Buffer, Digest>();
function memoised(bytes: Buffer): Digest {
  const digest = digests.get(bytes) ?? digestOf(bytes);
  digests.set(bytes, digest);
  return digest;
}

/** What is wrong with the files as a disk may have them when the power goes after `count` operations. */
async function problemsOf(
  recorded: Recorded,
  count: number,
  files: PowerLossFiles,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const entries = files.entries();
  for (const one of recorded.told) {
    if (one.at > count) continue;
    const isBlob = one.kind === 'blob';
    const goneAt = isBlob ? recorded.removals.get(one.key) : recorded.commits.get(one.uploadId)?.at;
    if (goneAt !== undefined && goneAt <= count) continue;
    const found = entries.get(isBlob ? `${root}/blobs/${one.key}` : `${root}/uploads/${one.uploadId}`);
    if (!(found instanceof Buffer)) problems.push(`${one.kind} lost`);
    else if (!found.subarray(0, isBlob ? undefined : one.bytes.length).equals(one.bytes)) {
      problems.push(`${one.kind} damaged`);
    }
  }
  for (const [path, bytes] of entries) {
    const [, hex] = /\/blobs\/sha256\/..\/([0-9a-f]{64})\./.exec(path) ?? [];
    if (hex !== undefined && bytes !== 'folder' && memoised(bytes) !== `sha256:${hex}`) {
      problems.push('a blob is not what its name says');
    }
  }
  return problems;
}

/** The store as it starts on those files: reads the newest blobs, and a commit that was cut off is repeated. */
async function reopenedProblems(
  recorded: Recorded,
  count: number,
  files: PowerLossFiles,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const store = await FileStore.open(root, { fileSystem: files });
  const told = recorded.told.filter((one) => one.at <= count);
  for (const one of told.slice(-3)) {
    if (one.kind !== 'blob' || (recorded.removals.get(one.key) ?? Number.POSITIVE_INFINITY) <= count)
      continue;
    if (!(await buffer(await store.read(one.key))).equals(one.bytes)) problems.push('other bytes are read');
  }
  const ended = new Set(told.flatMap((one) => (one.kind === 'blob' ? [one.key.slice(-32)] : [])));
  for (const [uploadId, { at, digest }] of recorded.commits) {
    if (at > count || ended.has(uploadId.replaceAll('-', ''))) continue;
    const result = await store.commit(uploadId, digest).catch(() => ({ kind: 'unknown' }));
    if (result.kind === 'mismatch') problems.push('a repeated commit finds other bytes');
  }
  return problems;
}

async function enumerate(recorded: Recorded): Promise<{ states: number; problems: ReadonlySet<string> }> {
  const random = seeded(1);
  const problems = new Set<string>();
  let states = 0;
  for (let count = 0; count <= recorded.operations.length; count += 1) {
    const unsynced = unsyncedOperations(recorded.operations, count);
    const pending = new Set(unsynced);
    for (const applied of subsetsOf(unsynced, random)) {
      const survived = recorded.operations
        .slice(0, count)
        .filter((_, at) => !pending.has(at) || applied.has(at));
      const files = PowerLossFiles.replay(survived);
      for (const problem of await problemsOf(recorded, count, files)) problems.add(problem);
      if (applied.size === 0 || applied.size === unsynced.length) {
        for (const problem of await reopenedProblems(recorded, count, files)) problems.add(problem);
      }
      states += 1;
    }
  }
  return { states, problems };
}

describe('FileStore, when the power goes (threats.md F5)', () => {
  it(`loses nothing of ${pushes} pushes that was acknowledged, whatever was not synced`, async () => {
    const recorded = await record();
    const { states, problems } = await enumerate(recorded);
    expect([...problems]).toEqual([]);
    expect(recorded.operations.length).toBeGreaterThan(pushes * 6);
    expect(states).toBeGreaterThan(3_000);
  }, 60_000);

  it.each([
    ['of files', (operation: FileOperation) => operation.kind === 'sync-file', 'blob damaged'],
    [
      'of the folders of blobs',
      (operation: FileOperation) => operation.kind === 'sync-folder' && /\/blobs\/.*\//.test(operation.path),
      'blob lost',
    ],
    [
      'of the folder above them',
      (operation: FileOperation) => operation.kind === 'sync-folder' && operation.path.endsWith('/sha256'),
      'blob lost',
    ],
    [
      'of the folder of uploads',
      (operation: FileOperation) => operation.kind === 'sync-folder' && operation.path.endsWith('/uploads'),
      'offset lost',
    ],
  ])('would lose something without the syncs %s', async (_what, ignoresSync, problem) => {
    const recorded = await record(ignoresSync);
    const at = recorded.operations.length;
    const unsynced = new Set(unsyncedOperations(recorded.operations, at));
    const found = new Set<string>();
    for (const count of [Math.floor(at / 4), Math.floor(at / 2), at]) {
      const pending = new Set(unsyncedOperations(recorded.operations, count));
      const files = PowerLossFiles.replay(
        recorded.operations.slice(0, count).filter((_, index) => !pending.has(index)),
      );
      for (const one of await problemsOf(recorded, count, files)) found.add(one);
    }
    expect(unsynced.size).toBeGreaterThan(0);
    expect([...found]).toContain(problem);
  });
});
