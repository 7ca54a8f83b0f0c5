import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { makeJavaArchiveTable } from '../../inspection/inventory/make-java-archive-table.ts';

/** Makes a table for `PRATIQUE_JAVA_SHA1` from a list in a file, `-` for standard input. Returns the count of archives. */
export async function makeJavaArchives(options: {
  readonly list: string;
  readonly table: string;
}): Promise<number> {
  const { list, table } = options;
  if (list === '-') return await makeJavaArchiveTable(linesOf(process.stdin), table);
  await using file = await open(list);
  return await makeJavaArchiveTable(linesOf(createReadStream(list, { fd: file, autoClose: false })), table);
}

/** Begins to read when the first line is asked for: an interface of `node:readline` drops what comes before that. */
async function* linesOf(input: Readable): AsyncGenerator<string> {
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}
