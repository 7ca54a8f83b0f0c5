import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { fuzzParser, fuzzTimeoutMs } from '../../../testing/fuzz-parser.ts';
import { sharedData } from '../../../testing/shared-data.ts';
import { rpmExtractor } from './rpm.ts';

const shared = sharedData();
const folder = join(shared ?? '', 'images/rpmdb');

/** A database of a few KiB with the smallest packages of a real one, in pages so small that a package takes several. */
function smallSqlite(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'pratique-rpm-'));
  const path = join(directory, 'rpmdb.sqlite');
  const small = new DatabaseSync(path);
  try {
    small.exec(
      'PRAGMA page_size = 512; CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)',
    );
    small.prepare('ATTACH ? AS real').run(`file:${folder}/cbl-mariner-2.0.sqlite/rpmdb.sqlite?immutable=1`);
    small.exec('INSERT INTO Packages SELECT hnum, blob FROM real.Packages ORDER BY length(blob) LIMIT 4');
    small.exec('DETACH real');
  } finally {
    small.close();
  }
  const bytes = readFileSync(path);
  rmSync(directory, { recursive: true });
  return bytes;
}

// The third format, NDB, is among the samples of every extractor.
describe.skipIf(shared === undefined)(
  'rpmExtractor on broken databases (threats.md D9; needs ../shared)',
  () => {
    it.each([
      ['BerkeleyDB', 'Packages', () => readFileSync(join(folder, 'rhel8-libuuid.bdb/Packages'))],
      ['SQLite', 'rpmdb.sqlite', smallSqlite],
    ] as const)(
      'takes mutations without a throw: %s',
      (_format, name, read) => {
        const bytes = read();
        const extract = (mutant: Buffer) => rpmExtractor.extract(`var/lib/rpm/${name}`, mutant);
        expect(extract(bytes).map(({ kind }) => kind)).toContain('package');
        fuzzParser({ bytes, parse: extract });
      },
      fuzzTimeoutMs,
    );
  },
);
