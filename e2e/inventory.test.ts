import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sharedData } from '../src/testing/shared-data.ts';
import { hasProgram, mustRun } from './clients.ts';
import { inventoryOfFolder, linesOf, listed } from './folder-inventory.ts';

const shared = sharedData();
const folder = mkdtempSync(join(tmpdir(), 'pratique-inventory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Debian's rpm reads SQLite and, read-only, BerkeleyDB; it is built without NDB.
describe.skipIf(!hasProgram('rpm') || shared === undefined)(
  'the inventory of rpm databases beside rpm -qa',
  () => {
    it.each([
      ['sqlite', 'cbl-mariner-2.0.sqlite', 'rpmdb.sqlite'],
      ['bdb_ro', 'rhel8-libuuid.bdb', 'Packages'],
    ])('%s', async (backend, name, file) => {
      const database = join(folder, backend, 'var/lib/rpm');
      mkdirSync(database, { recursive: true });
      copyFileSync(join(shared ?? '', 'images/rpmdb', name, file), join(database, file));
      const ours = listed(await inventoryOfFolder(join(folder, backend)), 'rpm');
      const format = '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{SOURCERPM}\n';
      const args = ['-qa', '--dbpath', database, '--define', `_db_backend ${backend}`, '--qf', format];
      const expected = linesOf(await mustRun('rpm', args)).filter((line) => !line.startsWith('gpg-pubkey '));
      expect(expected.length).toBeGreaterThan(0);
      // The source package has no epoch of its own, so ours repeats the package's.
      const withoutSourceEpoch = ours.map((line) => {
        const [rpm, version, source, sourceVersion] = line.split(' ');
        return `${rpm} ${version} ${source}-${sourceVersion?.replace(/^\d+:/, '')}.src.rpm`;
      });
      expect(withoutSourceEpoch).toEqual([...expected].sort());
    });
  },
);

describe.skipIf(!hasProgram('gem'))('the inventory of gems beside gem list', () => {
  it('lists what is installed', async () => {
    const root = join(folder, 'gems');
    const home = join(root, 'var/lib/gems/3.1.0');
    mkdirSync(home, { recursive: true });
    for (const [name, version] of [
      ['first-gem', '1.2.3'],
      ['second_gem', '0.9.0.pre1'],
    ] as const) {
      const specification = `Gem::Specification.new { |s| s.name = '${name}'; s.version = '${version}'; s.summary = 'x'; s.authors = ['x'] }\n`;
      writeFileSync(join(folder, `${name}.gemspec`), specification);
      await mustRun('gem', ['build', `${name}.gemspec`], {}, folder);
      const file =
        readdirSync(folder).find((entry) => entry.startsWith(name) && entry.endsWith('.gem')) ?? '';
      await mustRun('gem', [
        'install',
        '--local',
        '--no-document',
        '--install-dir',
        home,
        join(folder, file),
      ]);
    }
    const environment = { GEM_HOME: home, GEM_PATH: home };
    const stdout = await mustRun('gem', ['list', '--local', '--no-details'], environment);
    const expected = linesOf(stdout).flatMap((line) => {
      const [, name, version] = /^(\S+) \(([^,)]+)\)$/.exec(line) ?? [];
      return name === undefined || line.includes('default:') ? [] : [`${name} ${version} ${name} ${version}`];
    });
    expect(expected.length).toBe(2);
    expect(listed(await inventoryOfFolder(root), 'RubyGems')).toEqual(expected.sort());
  });
});

describe.skipIf(!hasProgram('python3'))('the inventory of a Python environment beside pip list', () => {
  it('lists what is installed', async () => {
    const root = join(folder, 'venv');
    await mustRun('python3', ['-m', 'venv', root]);
    const stdout = await mustRun(join(root, 'bin/pip'), [
      'list',
      '--format=freeze',
      '--disable-pip-version-check',
    ]);
    const expected = linesOf(stdout).map((line) => {
      const [name, version] = line.split('==');
      return `${name} ${version} ${name} ${version}`;
    });
    expect(expected.length).toBeGreaterThan(0);
    expect(listed(await inventoryOfFolder(root), 'PyPI')).toEqual(expected.sort());
  });
});

describe.skipIf(!hasProgram('go'))('the inventory of a Go program beside go version -m', () => {
  it('lists its modules and the standard library', async () => {
    const root = join(folder, 'go');
    mkdirSync(root);
    writeFileSync(join(folder, 'go.mod'), 'module example.test/tool\n');
    writeFileSync(join(folder, 'main.go'), 'package main\n\nfunc main() { println("hello") }\n');
    const environment = { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' };
    await mustRun('go', ['build', '-o', join(root, 'tool'), '.'], environment, folder);
    const stdout = await mustRun('go', ['version', '-m', join(root, 'tool')]);
    const stdlib = /: go(\d\S*)/.exec(stdout)?.[1];
    const modules = [...stdout.matchAll(/^\t(?:mod|dep)\t(\S+)\t(\S+)/gm)].map(([, name, version]) => [
      name,
      version === '(devel)' ? '' : version?.replace(/^v/, ''),
    ]);
    const expected = [['stdlib', stdlib], ...modules].map(
      ([name, version]) => `${name} ${version} ${name} ${version}`,
    );
    expect(listed(await inventoryOfFolder(root), 'Go')).toEqual(expected.sort());
  });
});
