import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Database } from './database.ts';

const chunkBytes = 256 * 1024;

/**
 * Reads the files of tables and indexes from one end to the other, in this order and `bytesMax` bytes at most, so that the operating system has
 * them in memory: queries read pages here and there, which takes a disk ten times as long. Returns how many bytes it read.
 * What is missing, or not ours to read, is left out. `clusterFolder`: where PostgreSQL has its data.
 */
export async function readAhead(
  db: Database,
  options: {
    readonly clusterFolder: string;
    readonly relations: readonly string[];
    readonly bytesMax: number;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { clusterFolder, relations, bytesMax, signal } = options;
  const { rows } = await sql<{ path: string | null }>`
    select pg_relation_filepath(to_regclass(w.name)) as path
    from unnest(${relations}::text[]) with ordinality w (name, place) order by w.place`.execute(db);
  let readBytes = 0;
  for (const { path } of rows)
    if (path !== null)
      readBytes += await readThrough(join(clusterFolder, path), { bytesMax: bytesMax - readBytes, signal });
  return readBytes;
}

/** Of a relation of more than a gigabyte the first file, which is the one named. */
async function readThrough(
  path: string,
  { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<number> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return 0;
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let readBytes = 0;
    while (readBytes < bytesMax && !signal.aborted) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length);
      if (bytesRead === 0) break;
      readBytes += bytesRead;
    }
    return readBytes;
  } finally {
    await file.close();
  }
}
