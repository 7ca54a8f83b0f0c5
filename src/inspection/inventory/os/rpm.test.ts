import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processorMs } from '../../../testing/processor-time.ts';
import { sharedData } from '../../../testing/shared-data.ts';
import type { Found } from '../found.ts';
import { rpmExtractor } from './rpm.ts';

const shared = sharedData();

/** rpm's header: counts, entries of 16 bytes (tag, type, offset, count), data. */
function header(tags: Readonly<Record<number, string | number>>): Buffer {
  const entries: Buffer[] = [];
  let data = Buffer.alloc(0);
  for (const [tag, value] of Object.entries(tags)) {
    const isText = typeof value === 'string';
    const bytes = isText ? Buffer.from(`${value}\0`) : Buffer.alloc(4);
    if (!isText) bytes.writeUInt32BE(value);
    const entry = Buffer.alloc(16);
    [Number(tag), isText ? 6 : 4, data.length, 1].forEach((field, index) => {
      entry.writeUInt32BE(field, index * 4);
    });
    entries.push(entry);
    data = Buffer.concat([data, bytes]);
  }
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(entries.length, 0);
  counts.writeUInt32BE(data.length, 4);
  return Buffer.concat([counts, ...entries, data]);
}

/** An NDB database with one page of slots. */
function ndb(...headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096);
  slots.write('RpmP', 0, 'latin1');
  slots.writeUInt32LE(1, 12);
  for (let at = 32; at < 4096; at += 16) slots.write('Slot', at, 'latin1');
  const blobs: Buffer[] = [];
  let start = 4096;
  for (const [index, bytes] of headers.entries()) {
    const blob = Buffer.alloc(Math.ceil((16 + bytes.length) / 16) * 16);
    blob.write('BlbS', 0, 'latin1');
    blob.writeUInt32LE(index + 1, 4);
    blob.writeUInt32LE(bytes.length, 12);
    bytes.copy(blob, 16);
    slots.writeUInt32LE(index + 1, 32 + index * 16 + 4);
    slots.writeUInt32LE(start / 16, 32 + index * 16 + 8);
    blobs.push(blob);
    start += blob.length;
  }
  return Buffer.concat([slots, ...blobs]);
}

const extract = (bytes: Buffer, path = 'var/lib/rpm/Packages.db') => rpmExtractor.extract(path, bytes);
const kinds = (found: readonly Found[]) => found.map(({ kind }) => kind);

describe('rpmExtractor', () => {
  it.each(['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'])('looks into %s', (folder) => {
    for (const name of ['Packages', 'Packages.db', 'rpmdb.sqlite', 'rpmdb.sqlite-wal']) {
      expect(rpmExtractor.wants(`${folder}/${name}`)).toBe(true);
    }
    expect(rpmExtractor.wants(`${folder}/Name`)).toBe(false);
  });

  it('reads name, epoch, source, architecture, module and build time', () => {
    const package_ = {
      1000: 'nodejs',
      1001: '16.20.2',
      1002: '1.module+el8',
      1003: 1,
      1006: 1_700_000_000,
      1022: 'aarch64',
    };
    const found = extract(
      ndb(
        header({ ...package_, 1044: 'nodejs-16.20.2-1.module+el8.src.rpm', 5096: 'nodejs:16:8060:ad00' }),
        header({ 1000: 'gpg-pubkey', 1001: 'd4082792', 1002: '5b32db75' }),
      ),
    );
    expect(found).toEqual([
      {
        kind: 'package',
        manager: 'rpm',
        name: 'nodejs',
        version: '1:16.20.2-1.module+el8',
        sourceName: 'nodejs',
        sourceVersion: '1:16.20.2-1.module+el8',
        architecture: 'aarch64',
        builtAt: '2023-11-14T22:13:20.000Z',
        module: 'nodejs:16',
      },
    ]);
  });

  it.each([
    ['no-known-format', Buffer.from('x'.repeat(5000))],
    ['no-version', ndb(header({ 1000: 'a', 1002: '1' }))],
    ['text-beyond-the-data', ndb(header({ 1000: 'a', 1001: '1', 1002: '1' }).subarray(0, -1))],
    ['package-outside', ndb(header({ 1000: 'a', 1001: '1', 1002: '1' })).subarray(0, 4150)],
    [
      'slots-outside',
      Buffer.concat([Buffer.from('RpmP\0\0\0\0\0\0\0\0\xff\x0f\0\0', 'latin1'), Buffer.alloc(5000)]),
    ],
  ])('says that it could not read %s', (_condition, bytes) => {
    expect(kinds(extract(bytes))).toEqual(['unreadable']);
  });

  it('says that a database was copied while it was written', () => {
    const path = 'var/lib/rpm/rpmdb.sqlite-wal';
    expect(kinds(extract(Buffer.from('x'), path))).toEqual(['unreadable']);
    expect(extract(Buffer.alloc(0), path)).toEqual([]);
  });
});

describe.skipIf(shared === undefined)('rpmExtractor on real databases', () => {
  // Packages in the lists: read with rpm's own tools (`../shared/MANIFEST.md`).
  const databases = [
    ['BerkeleyDB', 'rhel8-libuuid.bdb', 'Packages'],
    ['NDB', 'sle15-bci.ndb', 'Packages.db'],
    ['SQLite', 'cbl-mariner-2.0.sqlite', 'rpmdb.sqlite'],
  ] as const;
  const folderOf = (folder: string) => join(shared ?? '', 'images/rpmdb', folder);

  it.each(databases)('lists what rpm lists: %s', (_format, folder, name) => {
    const found = extract(readFileSync(join(folderOf(folder), name)));
    const packages = found.flatMap((item) =>
      item.kind === 'package'
        ? [`${item.name} ${item.version} ${item.sourceName} ${item.sourceVersion} ${item.architecture}`]
        : [],
    );
    const [, ...rows] = readFileSync(join(folderOf(folder), 'packages.tsv'), 'utf8')
      .trim()
      .split('\n');
    const expected = rows.map((row) => {
      const [rpm, epoch, version, release, architecture, source = ''] = row.split('\t');
      const [, sourceName, sourceVersion] = /^(.*)-([^-]*-[^-]*)\.src\.rpm$/.exec(source) ?? [];
      const prefix = epoch === '0' ? '' : `${epoch}:`;
      return `${rpm} ${prefix}${version}-${release} ${sourceName} ${prefix}${sourceVersion} ${architecture}`;
    });
    expect(packages.sort()).toEqual(expected.sort());
    expect(kinds(found)).not.toContain('unreadable');
  });

  // threats.md D9: page loops, lengths beyond the file, trees that share pages.
  it.each(databases)('takes 1,000 mutations of a database without a throw: %s', (_format, folder, name) => {
    const bytes = readFileSync(join(folderOf(folder), name));
    const edit = fc.tuple(
      fc.oneof(fc.nat(bytes.length - 5), fc.nat(600)),
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
    );
    const startedAt = processorMs();
    let damaged = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 40 }), (edits) => {
        const mutated = Buffer.from(bytes.subarray(0, 400_000));
        for (const [at, added] of edits) mutated.set(added, at % (mutated.length - 4));
        if (kinds(extract(mutated)).includes('unreadable')) damaged += 1;
      }),
      { numRuns: 1000 },
    );
    expect(damaged).toBeGreaterThan(10);
    expect(processorMs() - startedAt).toBeLessThan(20_000);
  });
});
