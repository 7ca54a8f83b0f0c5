import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { PublishedArchive, PublishedArchives } from './published-archives.ts';

/** The file is no table of published archives; the message says what must hold. */
export class JavaArchiveTableError extends Error {
  override readonly name = 'JavaArchiveTableError';
  readonly code = 'java_archive_table';
  constructor(file: string, got: string, cause?: unknown) {
    super(
      `Cannot use the table of Java archives "${file}": it must be an SQLite file with the tables "artifacts" and "indices" and an index on "indices.sha1", got ${got}`,
      { cause },
    );
  }
}

const query = `select a.group_id as "group", a.artifact_id as artifact, i.version
  from indices i join artifacts a on a.id = i.artifact_id where i.sha1 = ? limit 1`;

/**
 * A table of published Java archives in an SQLite file, as trivy-java-db has it:
 *
 *     artifacts (id integer primary key, group_id text, artifact_id text)
 *     indices   (artifact_id integer, version text, sha1 blob of 20 bytes), with an index on sha1
 *
 * It is looked up in place: whatever its size, memory holds SQLite's cache of 2 MiB.
 */
export class JavaArchiveTable implements PublishedArchives {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #statement: StatementSync;

  /** Throws `JavaArchiveTableError` for a file that is missing, no such table, empty, or would be read whole at each look-up. */
  static open(file: string): JavaArchiveTable {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file, { readOnly: true });
      const table = new JavaArchiveTable(file, database);
      table.#check();
      return table;
    } catch (error) {
      database?.close();
      if (error instanceof JavaArchiveTableError) throw error;
      throw new JavaArchiveTableError(file, error instanceof Error ? error.message : String(error), error);
    }
  }

  private constructor(file: string, database: DatabaseSync) {
    this.#file = file;
    this.#database = database;
    this.#statement = database.prepare(query);
  }

  archiveOf(sha1: string): PublishedArchive | undefined {
    const row = this.#statement.get(Buffer.from(sha1, 'hex'));
    if (row === undefined) return undefined;
    const { group, artifact, version } = row;
    if (typeof group !== 'string' || typeof artifact !== 'string' || typeof version !== 'string') {
      throw new JavaArchiveTableError(this.#file, `a row for ${sha1} without group, artifact or version`);
    }
    return { group, artifact, version };
  }

  close(): void {
    this.#database.close();
  }

  #check(): void {
    const plan = this.#database.prepare(`explain query plan ${query}`).all(Buffer.alloc(20));
    if (plan.some(({ detail }) => String(detail).startsWith('SCAN'))) {
      throw new JavaArchiveTableError(this.#file, 'one without an index');
    }
    const first = this.#database
      .prepare('select typeof(sha1) as type, length(sha1) as length from indices limit 1')
      .get();
    if (first === undefined) throw new JavaArchiveTableError(this.#file, 'an empty one');
    if (first['type'] !== 'blob' || first['length'] !== 20) {
      throw new JavaArchiveTableError(
        this.#file,
        `a sha1 of type ${String(first['type'])} and length ${String(first['length'])} instead of a blob of 20 bytes`,
      );
    }
  }
}
