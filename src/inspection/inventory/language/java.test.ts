import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildZip } from '../../../testing/samples/build-zip.ts';
import { javaExtractor } from './java.ts';

type Tree = Readonly<Record<string, string | Buffer>>;

function zip(tree: Tree): Buffer {
  return buildZip(Object.entries(tree).map(([name, text]) => ({ name, bytes: Buffer.from(text) })));
}

function pom(group: string, artifact: string, version: string): Tree {
  const text = `#Generated\ngroupId=${group}\nartifactId=${artifact}\nversion=${version}\n`;
  return { [`META-INF/maven/${group}/${artifact}/pom.properties`]: text };
}

function extract(bytes: Buffer, path = 'app/app.jar'): readonly string[] {
  return javaExtractor
    .extract(path, bytes)
    .map((found) =>
      found.kind === 'package'
        ? [
            ...(found.isGuessed ? ['guess:'] : []),
            found.name,
            found.version,
            ...(found.innerPath === undefined ? [] : [found.innerPath]),
          ].join(' ')
        : found.kind,
    );
}

const log4j = zip(pom('org.apache.logging.log4j', 'log4j-core', '2.14.1'));

describe('javaExtractor', () => {
  it('wants archives of every kind by their name', () => {
    const wanted = ['a.jar', 'x/b.WAR', 'c.ear', 'd.hpi', 'e.zip', 'jar'].filter((path) =>
      javaExtractor.wants(path),
    );
    expect(wanted).toEqual(['a.jar', 'x/b.WAR', 'c.ear', 'd.hpi']);
  });

  it('reads what Maven wrote, with the SHA-1 of the archive', () => {
    expect(javaExtractor.extract('lib/log4j-core-2.14.1.jar', log4j)).toEqual([
      {
        kind: 'package',
        manager: 'java',
        name: 'org.apache.logging.log4j:log4j-core',
        version: '2.14.1',
        sourceName: 'org.apache.logging.log4j:log4j-core',
        sourceVersion: '2.14.1',
        sha1: createHash('sha1').update(log4j).digest('hex'),
      },
    ]);
  });

  it('lists everything that was shaded into an archive', () => {
    const bytes = zip({ ...pom('a.test', 'app', '1.0'), ...pom('b.test', 'b', '2.0') });
    expect(extract(bytes, 'app-1.0.jar')).toEqual(['a.test:app 1.0', 'b.test:b 2.0']);
    expect(extract(bytes, 'renamed.jar')).toEqual(['guess: renamed ', 'a.test:app 1.0', 'b.test:b 2.0']);
  });

  it.each([
    ['name-and-version', 'guava-31.1-jre.jar', {}, 'guava 31.1-jre'],
    ['version-of-the-manifest', 'x.jar', { 'Implementation-Version': '1.2.3 (build 4)' }, 'x 1.2.3'],
    ['vendor', 'x-1.0.jar', { 'Implementation-Vendor-Id': 'org.example' }, 'org.example:x 1.0'],
    [
      'bundle',
      'commons-io-2.11.0.jar',
      { 'Bundle-SymbolicName': 'org.apache.commons.commons-io;x=1' },
      'org.apache.commons:commons-io 2.11.0',
    ],
    ['module', 'x.core-1.0.jar', { 'Automatic-Module-Name': 'org.example.core' }, 'org.example:x.core 1.0'],
    ['nothing', 'x.jar', {}, 'x '],
  ])(
    'takes what Maven did not write from name and manifest, and says that it is a guess: %s',
    (_condition, name, attributes, expected) => {
      const lines = Object.entries(attributes).map(
        ([key, value]) => `${key}: ${value.slice(0, 20)}\r\n ${value.slice(20)}\r\n`,
      );
      expect(
        extract(
          zip({ 'META-INF/MANIFEST.MF': `Manifest-Version: 1.0\r\n${lines.join('')}\r\nName: x\r\n` }),
          name,
        ),
      ).toEqual([`guess: ${expected}`]);
    },
  );

  it('takes the one thing that Maven describes for a renamed archive, unless the manifest has another version', () => {
    const only = pom('a.test', 'app', '1.0');
    const manifest = (version: string) => ({ 'META-INF/MANIFEST.MF': `Bundle-Version: ${version}\n` });
    expect(extract(zip(only), 'x.jar')).toEqual(['a.test:app 1.0']);
    expect(extract(zip({ ...only, ...manifest('1.0') }), 'x.jar')).toEqual(['a.test:app 1.0']);
    expect(extract(zip({ ...only, ...manifest('4.2.3') }), 'x.jar')).toEqual([
      'guess: x 4.2.3',
      'a.test:app 1.0',
    ]);
  });

  it('reads archives within archives, three deep, behind a start script too', () => {
    const ear = zip({ 'web.war': zip({ 'WEB-INF/lib/in.jar': zip({ 'log4j-core-2.14.1.jar': log4j }) }) });
    const bytes = Buffer.concat([Buffer.from('#!/bin/sh\nexec java -jar "$0"\n'), ear]);
    expect(extract(bytes, 'app.ear')).toEqual([
      'guess: app ',
      'guess: web  web.war',
      'guess: in  web.war > WEB-INF/lib/in.jar',
      'org.apache.logging.log4j:log4j-core 2.14.1 web.war > WEB-INF/lib/in.jar > log4j-core-2.14.1.jar',
    ]);
    expect(extract(zip({ 'outer.jar': ear }), 'app.ear').at(-1)).toBe('unreadable');
  });

  it.each([
    ['no-zip', Buffer.from('x'.repeat(100))],
    ['empty', Buffer.alloc(0)],
    ['truncated', log4j.subarray(0, -10)],
    [
      'two-entries-of-one-name',
      buildZip(['1', '2'].map((text) => ({ name: 'META-INF/MANIFEST.MF', bytes: Buffer.from(text) }))),
    ],
    ['bomb', zip({ 'META-INF/MANIFEST.MF': Buffer.alloc(2 * 2 ** 20) })],
    ['nested-no-zip', zip({ 'a.jar': 'x' })],
  ])('says that it could not read %s (threats.md D2, D6)', (_condition, bytes) => {
    expect(extract(bytes)).toContain('unreadable');
  });

  it('does not believe an entry that has another size, checksum or name than the directory says (threats.md D4)', () => {
    const bytes = zip({ 'META-INF/MANIFEST.MF': 'Implementation-Version: 1.0\n' });
    const directory = bytes.indexOf('PK\x01\x02');
    for (const at of [directory + 16, directory + 24, 30]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(extract(changed)).toEqual(['unreadable']);
    }
  });

  // threats.md D9.
  it('takes 2,000 mutations without a throw, and its findings survive JSON', () => {
    const bytes = zip({ ...pom('a.test', 'app', '1.0'), 'lib/log4j.jar': log4j });
    const edit = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
        const mutated = Buffer.from(bytes);
        for (const [at, value] of edits) mutated[at] = value;
        const found = javaExtractor.extract('app.jar', mutated);
        expect(JSON.parse(JSON.stringify(found))).toEqual(found);
      }),
      { numRuns: 2000 },
    );
  });
});
