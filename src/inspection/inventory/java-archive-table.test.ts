import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { buildTar } from '../../testing/samples/build-image.ts';
import { buildZip } from '../../testing/samples/build-zip.ts';
import { inventoryOf } from '../../testing/samples/inventory-of.ts';
import { JavaArchiveTable } from './java-archive-table.ts';
import { makeJavaArchiveTable } from './make-java-archive-table.ts';
import { nameArchives } from './published-archives.ts';

const folder = mkdtempSync(join(tmpdir(), 'pratique-java-'));
afterAll(() => rmSync(folder, { recursive: true }));

const schema = `create table artifacts(id integer primary key, group_id text, artifact_id text);
  create table indices(artifact_id integer, version text, sha1 blob, archive_type text);`;
const index = 'create unique index indices_sha1_idx on indices(sha1);';

/** The file is made anew each time. */
function file(name: string, statements: string): string {
  const path = join(folder, name);
  rmSync(path, { force: true });
  const database = new DatabaseSync(path);
  database.exec(statements);
  database.close();
  return path;
}

const sha1Of = (bytes: Buffer) => createHash('sha1').update(bytes).digest('hex');
const row = (sha1: string, { id, name, version }: { id: number; name: string; version: string }) => {
  const [group, artifact] = name.split(':');
  return `insert into artifacts values (${id}, '${group}', '${artifact}');
    insert into indices values (${id}, '${version}', x'${sha1}', 'jar');`;
};

const zip = (tree: Readonly<Record<string, string>>) =>
  buildZip(Object.entries(tree).map(([name, text]) => ({ name, bytes: Buffer.from(text) })));
const pom = (group: string, artifact: string, version: string) => ({
  [`META-INF/maven/${group}/${artifact}/pom.properties`]: `groupId=${group}\nartifactId=${artifact}\nversion=${version}\n`,
});
const bare = zip({ 'org/x/A.class': 'a' });
const otherBare = zip({ 'org/x/B.class': 'b' });
const shaded = zip(pom('org.inner', 'inner', '1.0'));
const described = zip(pom('org.example', 'lib', '1.0'));

const table = () =>
  JavaArchiveTable.open(
    file(
      'table.db',
      [
        schema,
        index,
        row(sha1Of(bare), { id: 1, name: 'org.apache.logging.log4j:log4j-core', version: '2.14.1' }),
        row(sha1Of(shaded), { id: 2, name: 'org.outer:outer', version: '3.0' }),
        row(sha1Of(described), { id: 3, name: 'org.example:lib', version: '1.0.Final' }),
      ].join('\n'),
    ),
  );

async function packagesOf(files: Readonly<Record<string, Buffer>>) {
  const inventory = await inventoryOf([buildTar(files)], new Date('2026-01-01T00:00:00Z'));
  const published = table();
  const named = nameArchives(inventory, published);
  published.close();
  const lines = ({ packages }: typeof named) =>
    packages.map(
      ({ package: { ecosystem, name, version }, place }) => `${ecosystem} ${name} ${version} ${place.path}`,
    );
  const codes = ({ doubts }: typeof named) => doubts.map(({ code }) => code);
  return {
    before: lines(inventory),
    after: lines(named),
    doubtsBefore: codes(inventory),
    doubts: codes(named),
  };
}

describe('nameArchives()', () => {
  it('gives a guessed archive, also one within another, its real coordinates, and takes the doubt', async () => {
    const { before, after, doubtsBefore, doubts } = await packagesOf({
      'app/x.jar': bare,
      'app/lib-1.0.jar': buildZip([
        ...Object.entries(pom('org.example', 'lib', '9')).map(([name, text]) => ({
          name,
          bytes: Buffer.from(text),
        })),
        { name: 'in.jar', bytes: bare },
      ]),
    });
    expect(before).toEqual(
      expect.arrayContaining(['Maven x  app/x.jar', 'Maven in  app/lib-1.0.jar > in.jar']),
    );
    expect(doubtsBefore).toEqual(['guessed-archive']);
    expect(after.sort()).toEqual([
      'Maven org.apache.logging.log4j:log4j-core 2.14.1 app/lib-1.0.jar > in.jar',
      'Maven org.apache.logging.log4j:log4j-core 2.14.1 app/x.jar',
      'Maven org.example:lib 9 app/lib-1.0.jar',
    ]);
    expect(doubts).toEqual([]);
  });

  it('keeps guess and doubt of an archive that the table does not know', async () => {
    const { after, doubts } = await packagesOf({ 'app/x.jar': bare, 'app/y-1.2.jar': otherBare });
    expect(after).toContain('Maven y 1.2 app/y-1.2.jar');
    expect(doubts).toEqual(['guessed-archive']);
  });

  it('lists what Maven described within an archive that was published under another name', async () => {
    const { after } = await packagesOf({ 'app/outer.jar': shaded });
    expect(after.sort()).toEqual([
      'Maven org.inner:inner 1.0 app/outer.jar',
      'Maven org.outer:outer 3.0 app/outer.jar',
    ]);
  });

  it('takes the version that was published, of one that Maven named alike', async () => {
    expect((await packagesOf({ 'app/lib.jar': described })).after).toEqual([
      'Maven org.example:lib 1.0.Final app/lib.jar',
    ]);
  });

  it('changes nothing without a table', async () => {
    const inventory = await inventoryOf([buildTar({ 'x.jar': bare })], new Date('2026-01-01T00:00:00Z'));
    expect(nameArchives(inventory, undefined)).toBe(inventory);
  });
});

describe('JavaArchiveTable.open()', () => {
  it.each<[string, () => string, RegExp]>([
    ['a file that is not there', () => join(folder, 'absent.db'), /got unable to open/],
    [
      'what is no SQLite file',
      () => {
        writeFileSync(join(folder, 'text.db'), 'sha1\tgroup\n'.repeat(100));
        return join(folder, 'text.db');
      },
      /got file is not a database/,
    ],
    ['other tables', () => file('other.db', 'create table t(x)'), /got no such table/],
    [
      'no index',
      () => file('no-index.db', `${schema}${row('00'.repeat(20), { id: 1, name: 'a:b', version: '1' })}`),
      /got one without an index/,
    ],
    ['no rows', () => file('empty.db', schema + index), /got an empty one/],
    [
      'hashes as text',
      () =>
        file(
          'text-hash.db',
          `${schema}${index}insert into indices values (1, '1', '${'0'.repeat(40)}', 'jar')`,
        ),
      /got a sha1 of type text and length 40/,
    ],
  ])('refuses %s, saying what must hold', (_what, path, got) => {
    expect(() => JavaArchiveTable.open(path())).toThrow(/must be an SQLite file with the tables/);
    expect(() => JavaArchiveTable.open(path())).toThrow(got);
  });

  it('throws for a row that lacks its name, instead of taking the archive for unknown', () => {
    const sha1 = '11'.repeat(20);
    const path = file(
      'null.db',
      `${schema}${index}insert into artifacts values (1, null, 'b'); insert into indices values (1, '1', x'${sha1}', 'jar')`,
    );
    const broken = JavaArchiveTable.open(path);
    expect(() => broken.archiveOf(sha1)).toThrow(/without group, artifact or version/);
    expect(broken.archiveOf('22'.repeat(20))).toBeUndefined();
    broken.close();
  });
});

describe('makeJavaArchiveTable()', () => {
  async function* list(...lines: readonly string[]) {
    yield* lines;
  }
  const [one, two] = ['1a'.repeat(20), '2B'.repeat(20)];

  it('makes a table that can be opened, in the place of an older one', async () => {
    const path = join(folder, 'made.db');
    writeFileSync(path, 'older');
    const lines = [
      `${one} org.example:lib:1.0`,
      '# comment',
      '',
      `${two}\torg.example:lib:2.0`,
      `${one} org.example:lib:1.0`,
    ];
    expect(await makeJavaArchiveTable(list(...lines), path)).toBe(3);
    const made = JavaArchiveTable.open(path);
    expect(made.archiveOf(one)).toEqual({ group: 'org.example', artifact: 'lib', version: '1.0' });
    expect(made.archiveOf(two.toLowerCase())).toEqual({
      group: 'org.example',
      artifact: 'lib',
      version: '2.0',
    });
    expect(made.archiveOf('00'.repeat(20))).toBeUndefined();
    made.close();
  });

  it.each([
    ['a hash that is too short', [`${one.slice(2)} a:b:1`], /line 1 must be <sha1>/],
    ['no version', [`${one} a:b:1`, `${two} a:b`], /line 2 must be .*, got "2B/],
    ['an empty list', ['# nothing'], /the list is empty/],
  ])('refuses %s and leaves what was there', async (_what, lines, message) => {
    const path = join(folder, 'kept.db');
    writeFileSync(path, 'older');
    await expect(makeJavaArchiveTable(list(...lines), path)).rejects.toThrow(message);
    expect(readFileSync(path, 'utf8')).toBe('older');
    expect(readdirSync(folder)).not.toContain('kept.db.partial');
  });
});
