import { rename, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { JavaArchiveTable } from './java-archive-table.ts';

/** A line of the list makes no sense; the message says which. */
export class ArchiveListError extends Error {
  override readonly name = 'ArchiveListError';
  readonly code = 'archive_list';
}

/** `<sha1> <group>:<artifact>:<version>` */
const line = /^([0-9a-f]{40})\s+([^\s:]+):([^\s:]+):([^\s:]+)$/i;
const rowsPerTransaction = 50_000;

/**
 * Writes a table that `JavaArchiveTable` opens from lines `<sha1> <group>:<artifact>:<version>`; empty ones and those that begin
 * with `#` are passed over. The file appears whole or not at all, in the place of an older one; memory does not grow with the
 * list. Returns the count of archives. Throws `ArchiveListError`, and what writing throws.
 */
export async function makeJavaArchiveTable(lines: AsyncIterable<string>, file: string): Promise<number> {
  const partial = `${file}.partial`;
  await rm(partial, { force: true });
  try {
    const count = await writeTable(lines, partial);
    if (count === 0) throw new ArchiveListError('Cannot make a table of Java archives: the list is empty');
    JavaArchiveTable.open(partial).close();
    await rename(partial, file);
    return count;
  } finally {
    await rm(partial, { force: true });
  }
}

async function writeTable(lines: AsyncIterable<string>, file: string): Promise<number> {
  const database = new DatabaseSync(file);
  try {
    database.exec(`pragma journal_mode = off; pragma synchronous = off;
      create table artifacts (id integer primary key, group_id text, artifact_id text);
      create table indices (artifact_id integer, version text, sha1 blob, archive_type text);
      create unique index artifacts_idx on artifacts (group_id, artifact_id);
      begin`);
    const addArtifact = database.prepare(
      'insert into artifacts (group_id, artifact_id) values (?, ?) on conflict do nothing',
    );
    const addArchive = database.prepare(`insert into indices (artifact_id, version, sha1, archive_type)
      select id, ?, ?, 'jar' from artifacts where group_id = ? and artifact_id = ?`);
    let count = 0;
    let lineNumber = 0;
    for await (const text of lines) {
      lineNumber += 1;
      if (text.trim() === '' || text.startsWith('#')) continue;
      const [, sha1, group, artifact, version] = line.exec(text.trim()) ?? [];
      if (sha1 === undefined || group === undefined || artifact === undefined || version === undefined) {
        throw new ArchiveListError(
          `Cannot make a table of Java archives: line ${lineNumber} must be <sha1> <group>:<artifact>:<version>, got ${JSON.stringify(text.slice(0, 200))}`,
        );
      }
      addArtifact.run(group, artifact);
      addArchive.run(version, Buffer.from(sha1, 'hex'), group, artifact);
      count += 1;
      if (count % rowsPerTransaction === 0) database.exec('commit; begin');
    }
    database.exec('commit; create index indices_sha1_idx on indices (sha1)');
    return count;
  } finally {
    database.close();
  }
}
