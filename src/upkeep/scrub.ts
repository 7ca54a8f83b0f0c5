import { createHasher } from '../bytes/digest.ts';
import type { Database } from '../database/database.ts';
import { digestAlgorithm } from '../oci/digest.ts';
import { BlobMissingError } from '../storage/blob-errors.ts';
import type { BlobReader } from '../storage/blob-store.ts';
import type { Quarantine } from '../storage/quarantine.ts';
import { type DueCopy, findDueCopies, holdersOf, noteDamaged, noteSound, postpone } from './_scrub-rows.ts';

/** Each stored copy is read and hashed again after so long (threats.md F18). */
export const scrubCycleSeconds = 30 * 24 * 60 * 60;

export interface ScrubOptions {
  readonly db: Database;
  readonly store: BlobReader & Quarantine;
  readonly cycleSeconds?: number;
  /** A pass ends with the blob that reaches it. Default 256 MiB: at a pass a minute, 10 TiB in 30 days. */
  readonly readBytesMax?: number;
  /** Default 1,000. */
  readonly blobsMax?: number;
}

/** A copy that is not what its digest says. */
export interface Damage {
  readonly digest: string;
  readonly problem: string;
  /** Repositories that hold it, some of them when they are many. */
  readonly holders: readonly string[];
}

export interface Scrubbed {
  readonly soundCount: number;
  readonly readBytes: number;
  readonly damaged: readonly Damage[];
  /** Copies that could not be read this time, and why. They are tried again after a day. */
  readonly unreadable: readonly { readonly digest: string; readonly error: unknown }[];
}

type Reading = { readonly problem: string | undefined; readonly readBytes: number };

/**
 * Reads the copies that were not read for the longest time, when they are due. One that twice hashes to something else is
 * put aside: whoever asks for it gets 503 instead of wrong bytes, and a push of the same digest repairs it.
 */
export async function scrubPass(options: ScrubOptions, signal?: AbortSignal): Promise<Scrubbed> {
  const { db, store, cycleSeconds = scrubCycleSeconds } = options;
  const { readBytesMax = 256 * 1024 * 1024, blobsMax = 1_000 } = options;
  const damaged: Damage[] = [];
  const unreadable: { digest: string; error: unknown }[] = [];
  let soundCount = 0;
  let readBytes = 0;
  for (const copy of await findDueCopies(db, { cycleSeconds, limit: blobsMax })) {
    if (readBytes >= readBytesMax || signal?.aborted === true) break;
    try {
      const reading = await readTwice(store, copy);
      readBytes += reading.readBytes;
      if (reading.problem === undefined) {
        await noteSound(db, copy);
        soundCount += 1;
      } else if (await noteDamaged(db, copy)) {
        if ((await store.size(copy.storageKey)) !== undefined) await store.quarantine(copy.storageKey);
        const { digest } = copy;
        damaged.push({ digest, problem: reading.problem, holders: await holdersOf(db, digest) });
      }
    } catch (error) {
      await postpone(db, copy, cycleSeconds);
      unreadable.push({ digest: copy.digest, error });
    }
  }
  return { soundCount, readBytes, damaged, unreadable };
}

/** What is read wrong once may have been read wrong. */
async function readTwice(store: BlobReader, copy: DueCopy): Promise<Reading> {
  const first = await readCopy(store, copy);
  if (first.problem === undefined) return first;
  const second = await readCopy(store, copy);
  return { problem: second.problem, readBytes: first.readBytes + second.readBytes };
}

async function readCopy(store: BlobReader, copy: DueCopy): Promise<Reading> {
  const sizeBytes = await store.size(copy.storageKey);
  if (sizeBytes === undefined) return { problem: 'is missing', readBytes: 0 };
  if (sizeBytes !== copy.sizeBytes) {
    return { problem: `has ${sizeBytes} bytes instead of ${copy.sizeBytes}`, readBytes: 0 };
  }
  const hasher = createHasher(digestAlgorithm(copy.digest));
  try {
    for await (const chunk of await store.read(copy.storageKey)) hasher.update(chunk);
  } catch (error) {
    if (error instanceof BlobMissingError) return { problem: 'is missing', readBytes: 0 };
    throw error;
  }
  const actual = hasher.digest();
  return { problem: actual === copy.digest ? undefined : `hashes to ${actual}`, readBytes: sizeBytes };
}
