import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { JavaArchiveTable } from '../../inspection/inventory/java-archive-table.ts';
import { openJavaArchives } from '../wiring/java-archives.ts';
import { makeJavaArchives } from './make-java-archives.ts';

const folder = mkdtempSync(join(tmpdir(), 'pratique-java-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sha1Of = (index: number) => createHash('sha1').update(String(index)).digest('hex');

it('makeJavaArchives() reads every line of a file, the first and the last too', async () => {
  const list = join(folder, 'archives.txt');
  const count = 5_000;
  const lines = Array.from({ length: count }, (_, index) => `${sha1Of(index)} org.x:x:${index}`);
  writeFileSync(list, lines.join('\r\n'));
  const table = join(folder, 'archives.db');
  expect(await makeJavaArchives({ list, table })).toBe(count);
  const made = JavaArchiveTable.open(table);
  for (const index of [0, count - 1]) {
    expect(made.archiveOf(sha1Of(index))).toMatchObject({ version: String(index) });
  }
  made.close();
});

it('makeJavaArchives() says that the list is not there', async () => {
  const asked = makeJavaArchives({ list: join(folder, 'absent.txt'), table: join(folder, 'x.db') });
  await expect(asked).rejects.toThrow(/ENOENT.*absent.txt/);
});

it('openJavaArchives() stops the start at a broken table, with file, setting and what must hold', () => {
  const javaArchives = join(folder, 'broken.db');
  writeFileSync(javaArchives, 'no table'.repeat(1000));
  expect(() => openJavaArchives({ javaArchives })).toThrow(
    /Cannot use the table of Java archives ".*broken\.db": it must be .*, got .* \(setting PRATIQUE_JAVA_SHA1\)/,
  );
  expect(openJavaArchives({})).toBeUndefined();
});
