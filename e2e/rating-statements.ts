import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fromBufferPromise, openPromise, type ZipFile } from 'yauzl';

/** What real records say of severity, each thing once, as they write it. */
export interface Statements {
  recordCount: number;
  /** Words with the ecosystems whose records have them. */
  readonly words: Map<string, Set<string>>;
  readonly vectors: Set<string>;
  /** Of OSV's `severity`. */
  readonly types: Set<string>;
  /** RustSec's kinds of advisories that are no vulnerability, or may be none. */
  readonly informational: Set<string>;
  /** Wolfi's standing of a package. */
  readonly statuses: Set<string>;
}

interface Rated {
  readonly severity?: readonly { readonly type: string; readonly score: string }[];
  readonly database_specific?: Readonly<Record<string, unknown>>;
}

interface RawRecord extends Rated {
  readonly summary?: string;
  readonly affected?: readonly (Rated & {
    readonly ecosystem_specific?: Readonly<Record<string, unknown>>;
  })[];
}

/** Reads every record of the shared data. */
export async function readStatements(shared: string): Promise<Statements> {
  const all: Statements = {
    recordCount: 0,
    words: new Map(),
    vectors: new Set(),
    types: new Set(),
    informational: new Set(),
    statuses: new Set(),
  };
  const mirror = join(shared, 'advisories');
  for (const entry of readdirSync(mirror, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const archive = await openPromise(join(mirror, entry.name, 'all.zip'));
    for await (const record of recordsOf(archive)) note(all, entry.name, record);
  }
  // The advisories for Rust lie beside the mirror, an archive in an archive.
  const outer = await openPromise(join(shared, 'advisories-rust.zip'));
  for await (const entry of outer.eachEntry()) {
    if (!entry.fileName.endsWith('all.zip')) continue;
    const inner = await fromBufferPromise(await buffer(await outer.openReadStreamPromise(entry)));
    for await (const record of recordsOf(inner)) note(all, 'crates.io', record);
  }
  return all;
}

async function* recordsOf(archive: ZipFile): AsyncGenerator<RawRecord> {
  for await (const entry of archive.eachEntry()) {
    if (!entry.fileName.endsWith('.json')) continue;
    const bytes = await buffer(await archive.openReadStreamPromise(entry));
    yield JSON.parse(bytes.toString('utf8')) as RawRecord; // every record passes the OSV schema
  }
}

function note(all: Statements, ecosystem: string, record: RawRecord): void {
  all.recordCount += 1;
  const word = (value: unknown) => {
    if (typeof value !== 'string') return;
    all.words.set(value, (all.words.get(value) ?? new Set()).add(ecosystem));
  };
  word(record.database_specific?.['severity']);
  if (ecosystem === 'AlmaLinux') word(/^(\w+): /.exec(record.summary ?? '')?.[1]);
  for (const { severity = [] } of [record, ...(record.affected ?? [])])
    for (const { type, score } of severity) {
      all.types.add(type);
      if (type.startsWith('CVSS_')) all.vectors.add(score);
      else word(score);
    }
  for (const { ecosystem_specific: own, database_specific: other } of record.affected ?? []) {
    word(own?.['urgency']);
    word(own?.['severity']);
    word(other?.['severity']);
    if (typeof other?.['cvss'] === 'string') all.vectors.add(other['cvss']);
    if (typeof other?.['informational'] === 'string') all.informational.add(other['informational']);
    if (typeof other?.['status'] === 'string') all.statuses.add(other['status']);
  }
}
