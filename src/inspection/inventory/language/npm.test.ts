import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { npmExtractor } from './npm.ts';

function extract(text: string, path = 'app/node_modules/from-path/package.json') {
  const [found] = npmExtractor.extract(path, Buffer.from(text));
  return found?.kind === 'package' ? [found.name, found.version] : undefined;
}

describe('npmExtractor', () => {
  it.each([
    ['app/node_modules/a/package.json', true],
    ['node_modules/a/package.json', true],
    ['app/node_modules/@scope/a/package.json', true],
    ['app/node_modules/a/node_modules/b/package.json', true],
    ['app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json', true],
    ['usr/lib/node_modules/npm/package.json', true],
    ['app/package.json', true],
    ['opt/yarn-v1.22.22/package.json', true],
    ['package.json', true],
    ['app/other-package.json', false],
    ['app/node_modules/package.json', false],
    ['app/node_modules/a/dist/package.json', false],
    ['app/node_modules/a/test/fixtures/b/package.json', false],
    ['app/node_modules/@scope/package.json', false],
    ['app/node_modules/@scope/a/dist/package.json', false],
    ['app/node_modules/.cache/package.json', false],
    ['app/node_modules/a/package.json.bak', false],
    ['app/node_modules_old/a/package.json', true],
  ])('wants %s: %s', (path, expected) => {
    expect(npmExtractor.wants(path)).toBe(expected);
  });

  it('reads name and version, scoped and under an alias', () => {
    expect(extract('{"name":"lodash","version":"4.17.20"}')).toEqual(['lodash', '4.17.20']);
    expect(extract('\u{feff}{"name":"@scope/a","version":" 1.0.0 "}')).toEqual(['@scope/a', '1.0.0']);
  });

  it.each([
    ['no-json', 'not json at all'],
    ['no-object', '[1]'],
    ['null', 'null'],
    ['empty', ''],
    ['no-name', '{"private":true}'],
    ['name-of-another-type', '{"name":{"toString":1},"version":["1"]}'],
    ['name-with-a-space', '{"name":"a b"}'],
    ['name-that-is-a-path', '{"name":"../../etc/passwd"}'],
  ])(
    'never drops a package: %s stands for one named by its folder, of no known version',
    (_condition, text) => {
      expect(extract(text)).toEqual(['from-path', '']);
      expect(extract(text, 'node_modules/@scope/b/package.json')).toEqual(['@scope/b', '']);
    },
  );

  it.each([
    ['a package', '{"name":"@acme/app","version":"1.0.0","private":false}', ['@acme/app', '1.0.0']],
    // Advisories on malware name every version of what somebody registered under a company's own name.
    ['never to be published', '{"name":"acme-app","version":"1.0.0","private":true}', undefined],
    ['no-version', '{"name":"app"}', undefined],
    ['no-name', '{"version":"1.0.0"}', undefined],
    ['template', '{"name":"{{name}}","version":"1.0.0"}', undefined],
    ['no-json', 'x', undefined],
  ])('reads what lies outside of node_modules if it names itself: %s', (_condition, text, expected) => {
    expect(extract(text, 'app/package.json')).toEqual(expected);
  });

  it('reads what is installed though its makers call it private', () => {
    expect(extract('{"name":"a","version":"1.0.0","private":true}')).toEqual(['a', '1.0.0']);
  });

  it('survives deep nesting', () => {
    expect(extract(`${'['.repeat(200_000)}`)).toEqual(['from-path', '']);
    expect(
      extract(`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)},"name":"x","version":"1.0.0"}`),
    ).toBeDefined();
  });

  it('cuts endless names and versions in a way that no version order accepts', () => {
    const [name, version] =
      extract(JSON.stringify({ name: 'n'.repeat(5000), version: '1.'.repeat(5000) })) ?? [];
    expect(name).toHaveLength(254);
    expect(version?.endsWith('…')).toBe(true);
  });
});

describe('npmExtractor on the packages of this checkout', () => {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));

  it('finds what npm recorded as installed, and nothing else', () => {
    const lock = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')) as {
      packages: Record<string, { name?: string; version?: string; link?: boolean }>; // npm's own format, lockfileVersion 3
    };
    // Workspaces are links to sources of ours, which the walk below follows and npm does not count.
    const links = Object.keys(lock.packages).filter((path) => lock.packages[path]?.link === true);
    // The install script of `node` fetches the binary's package by an npm of its own, and may leave it there.
    const unrecorded = [...links.map((link) => `${link}/`), 'node_modules/node/node_modules/'];
    const recorded = Object.entries(lock.packages)
      .filter(([path, { link }]) => path.startsWith('node_modules/') && link !== true)
      .map(([path, { version }]) => `${path} ${version}`);
    const found = readdirSync(join(root, 'node_modules'), { recursive: true, encoding: 'utf8' })
      .map((path) => `node_modules/${path}`)
      .filter((path) => npmExtractor.wants(path) && !unrecorded.some((folder) => path.startsWith(folder)))
      .map((path) => `${dirname(path)} ${extract(readFileSync(join(root, path), 'utf8'), path)?.[1]}`);
    expect(recorded.length).toBeGreaterThan(100);
    expect(found.sort()).toEqual(recorded.sort());
  });
});
