import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildZip } from '../../testing/samples/build-zip.ts';
import { zipRecords } from './zip-records.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zip-records-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function readAll(zip: Buffer) {
  const path = join(folder, 'all.zip');
  await writeFile(path, zip);
  await using file = await open(path);
  const records = [];
  for await (const record of zipRecords({ address: 'm/all.zip', file, sizeBytes: zip.length }))
    records.push(record);
  return records;
}

const members = Array.from({ length: 300 }, (_, index) => ({
  name: `X-${index}.json`,
  bytes: Buffer.from(JSON.stringify({ id: `X-${index}`, text: 'x'.repeat(index * 40) })),
}));
const whole = buildZip(members);

describe('zipRecords()', () => {
  it('gives every record with its bytes, plain and deflated', async () => {
    const records = await readAll(whole);
    expect(records.map((record) => record.id)).toEqual(members.map(({ name }) => name.replace('.json', '')));
    for (const [index, record] of records.entries()) {
      expect(record.json.equals(members[index]?.bytes ?? Buffer.alloc(0)), record.id).toBe(true);
      expect(inflateRawSync(record.deflated).equals(record.json)).toBe(true);
    }
  });

  it.each([
    ['cut in the middle', whole.subarray(0, whole.length / 2), /whole zip file/],
    ['cut by its last byte', whole.subarray(0, -1), /whole zip file/],
    ['empty', Buffer.alloc(0), /whole zip file/],
    ['an HTML page', Buffer.from('<!doctype html><title>Sign in</title>'.padEnd(2000)), /HTML page/],
    [
      'with a record that is not JSON by name',
      buildZip([{ name: 'x.exe', bytes: Buffer.alloc(1) }]),
      /only <ID>.json/,
    ],
    ['with a path', buildZip([{ name: '../x.json', bytes: Buffer.alloc(1) }]), /only <ID>.json|whole zip/],
  ])('refuses a file that is %s', async (_condition, zip, message) => {
    await expect(readAll(zip)).rejects.toThrow(message);
  });

  it('refuses a flipped bit wherever it is in the data', async () => {
    const starts = ['X-0.json', 'X-200.json', 'X-299.json'].map((name) => whole.indexOf(name) + name.length);
    for (const position of starts.flatMap((start) => [start, start + 5, start + 20])) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(position) ^ 0x10, position);
      await expect(readAll(flipped)).rejects.toThrow(/damaged|no header|whole zip/);
    }
  });

  it('refuses a record that unpacks to more than it claims', async () => {
    const bomb = buildZip([{ name: 'X-1.json', bytes: Buffer.alloc(1_000_000, 0x20) }]);
    const claimed = bomb.lastIndexOf('PK\x01\x02') + 24; // size in the directory
    bomb.writeUInt32LE(10, claimed);
    await expect(readAll(bomb)).rejects.toThrow(/damaged/);
  });

  it('refuses a record that claims to be larger than any is', async () => {
    const huge = buildZip([{ name: 'X-1.json', bytes: Buffer.from('{}') }]);
    huge.writeUInt32LE(17 * 2 ** 20, huge.lastIndexOf('PK\x01\x02') + 24);
    await expect(readAll(huge)).rejects.toThrow(/at most 16777216 bytes/);
  });
});
