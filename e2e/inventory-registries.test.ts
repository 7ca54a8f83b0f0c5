import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, hasProgram, mustRun } from './clients.ts';
import { inventoryOfFolder, linesOf, listed } from './folder-inventory.ts';

// Real packages from the registries. RubyGems, Packagist and NuGet are not reached where this project is built: what is
// tested of them is made on the spot (`gem build`, inventory.test.ts) or read from files of theirs.
const folder = mkdtempSync(join(tmpdir(), 'pratique-registries-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A registry that does not answer is asked again, and not after npm's own five minutes. */
const patience = ['--fetch-timeout=20000', '--fetch-retries=4', '--fetch-retry-mintimeout=1000'];
const npmInstall = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...patience];

const twice = (name = '', version = '') => `${name} ${version} ${name} ${version}`;

describe('the inventory of an application of Node.js beside npm ls', () => {
  it('lists what npm install brought, several versions of one package too', async () => {
    const root = join(folder, 'npm');
    const app = join(root, 'srv/app');
    mkdirSync(app, { recursive: true });
    const dependencies = {
      express: '4.21.2',
      eslint: '8.57.1',
      '@babel/core': '7.26.0',
      'is-number': '6.0.0',
    };
    writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0', dependencies }));
    await mustRun('npm', npmInstall, {}, app);
    // Its exit code tells of wishes that were not met; what it lists is there.
    const { stdout } = await command('npm', ['ls', '--all', '--parseable', '--long'], {}, app);
    const expected = linesOf(stdout).flatMap((line) => {
      const [, name, version] =
        /^[^:]+\/node_modules\/[^:]+:((?:@[^/@:]+\/)?[^/@:]+)@([^:]+)/.exec(line) ?? [];
      return name === undefined ? [] : [twice(name, version)];
    });
    expect(expected.length).toBeGreaterThan(150);
    const ours = listed(await inventoryOfFolder(root), 'npm').filter(
      (line) => line !== twice('app', '1.0.0'),
    );
    expect([...new Set(ours)]).toEqual([...new Set(expected)].sort());
  });
});

describe.skipIf(!hasProgram('python3'))('the inventory of installed wheels beside pip list', () => {
  it('lists what pip install brought', async () => {
    const root = join(folder, 'venv');
    await mustRun('python3', ['-m', 'venv', root]);
    const pip = join(root, 'bin/pip');
    const wishes = ['flask==3.0.3', 'requests==2.32.3', 'PyYAML==6.0.2', 'zope.interface==7.1.1'];
    await mustRun(pip, ['install', '--quiet', '--disable-pip-version-check', '--no-compile', ...wishes]);
    const stdout = await mustRun(pip, ['list', '--format=json', '--disable-pip-version-check']);
    const packages = JSON.parse(stdout) as { name: string; version: string }[]; // the format is pip's own
    const expected = packages.map(({ name, version }) => `${normal(name)} ${version}`).sort();
    expect(expected.length).toBeGreaterThan(12);
    const ours = listed(await inventoryOfFolder(root), 'PyPI').map((line) => {
      const [name = '', version] = line.split(' ');
      return `${normal(name)} ${version}`;
    });
    expect(ours.sort()).toEqual(expected);
  });
});

/** PEP 503: how names of Python packages are compared. */
function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

describe.skipIf(!hasProgram('go'))('the inventory of a Go program with modules beside go version -m', () => {
  const source = join(folder, 'go-source');
  const environment = { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };

  beforeAll(async () => {
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'go.mod'), 'module example.test/tool\n\ngo 1.21\n');
    const code = `package main

import (
	"fmt"

	"github.com/google/uuid"
	"rsc.io/quote"
)

func main() { fmt.Println(quote.Hello(), uuid.New()) }
`;
    writeFileSync(join(source, 'main.go'), code);
    // Without what needs the network and cryptography of the standard library: that is compiled for each system.
    const few = 'package main\n\nimport "rsc.io/quote"\n\nfunc main() { println(quote.Hello()) }\n';
    mkdirSync(join(source, 'few'), { recursive: true });
    writeFileSync(join(source, 'few/main.go'), few);
    const get = ['get', 'github.com/google/uuid@v1.6.0', 'rsc.io/quote@v1.5.2'];
    // The proxy may fail once; what it gave stays.
    await mustRun('go', get, environment, source).catch(() => mustRun('go', get, environment, source));
  });

  it.each([
    ['linux', '.', 4],
    ['windows', './few', 3],
    ['darwin', './few', 3],
  ])('lists the modules it is built from, for %s', async (system, main, moduleCount) => {
    const root = join(folder, `go-${system}`);
    mkdirSync(root, { recursive: true });
    const build = ['build', '-o', join(root, 'tool'), main];
    await mustRun('go', build, { ...environment, GOOS: system }, source);
    const stdout = await mustRun('go', ['version', '-m', join(root, 'tool')]);
    const modules = [...stdout.matchAll(/^\tdep\t(\S+)\tv(\S+)/gm)].map(([, name, version]) =>
      twice(name, version),
    );
    const expected = [
      twice('stdlib', /: go(\d\S*)/.exec(stdout)?.[1]),
      twice('example.test/tool'),
      ...modules,
    ];
    expect(modules).toHaveLength(moduleCount);
    expect(listed(await inventoryOfFolder(root), 'Go')).toEqual(expected.sort());
  });
});
