import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { makeJavaArchiveTable } from '../inventory/make-java-archive-table.ts';

/** Makes a table for `PRATIQUE_JAVA_SHA1` from a list in a file, `-` for standard input. Returns the count of archives. */
export async function makeJavaArchives(options: {
  readonly list: string;
  readonly table: string;
}): Promise<number> {
  const { list, table } = options;
  if (list === '-') return await makeJavaArchiveTable(createInterface({ input: process.stdin }), table);
  const file = await open(list);
  try {
    return await makeJavaArchiveTable(file.readLines(), table);
  } finally {
    await file.close();
  }
}
