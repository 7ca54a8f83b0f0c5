import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { digestOf } from '../../bytes/digest.ts';
import { FileStore } from '../../storage/file-store.ts';

/** Stores bytes that no row names, as a server leaves them that is killed before it tells the database. Returns their key. */
export async function storeOrphan(folder: string, bytes: Buffer): Promise<string> {
  const store = await FileStore.open(folder);
  const uploadId = randomUUID();
  await store.create(uploadId);
  await store.append(uploadId, 0, Readable.from([bytes]));
  const stored = await store.commit(uploadId, digestOf(bytes));
  if (stored.kind !== 'stored') throw new Error(`expected stored, got ${stored.kind}`);
  return stored.key;
}
