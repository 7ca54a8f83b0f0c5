import { describe, expect, it } from 'vitest';
import { processorMs } from '../../../testing/processor-time.ts';
import { isLanguagePath, languageExtractors } from './language-extractors.ts';

/** `manager name version`, with `locked` behind what a lock file asks for. */
function extract(path: string, text: string): readonly string[] {
  const wanting = languageExtractors.filter((extractor) => extractor.wants(path));
  expect(wanting).toHaveLength(1);
  return wanting.flatMap((extractor) =>
    extractor
      .extract(path, Buffer.from(text))
      .map((found) =>
        found.kind === 'package'
          ? [
              found.manager,
              found.name,
              found.version,
              ...(found.evidence === undefined ? [] : [found.evidence]),
            ].join(' ')
          : found.kind,
      ),
  );
}

describe('npm lock files', () => {
  it('reads packages by path, aliases by their name, without links and what only developers install', () => {
    const lock = {
      lockfileVersion: 3,
      packages: {
        '': { name: 'app', version: '1.0.0' },
        'node_modules/a': { version: '1.0.0' },
        'node_modules/a/node_modules/@s/b': { version: '2.0.0' },
        'node_modules/alias': { name: 'real', version: '3.0.0' },
        'node_modules/linked': { resolved: 'packages/linked', link: true },
        'packages/linked': { version: '9.0.0' },
        'node_modules/tested': { version: '4.0.0', dev: true },
      },
    };
    expect(extract('app/package-lock.json', JSON.stringify(lock))).toEqual([
      'npm a 1.0.0 locked',
      'npm @s/b 2.0.0 locked',
      'npm real 3.0.0 locked',
    ]);
  });

  it('reads version 1, nested by package', () => {
    const dependencies = {
      a: { version: '1.0.0', dependencies: { b: { version: 'npm:@s/c@2.0.0' } } },
      d: { version: '4.0.0', dev: true },
    };
    expect(extract('npm-shrinkwrap.json', JSON.stringify({ lockfileVersion: 1, dependencies }))).toEqual([
      'npm a 1.0.0 locked',
      'npm @s/c 2.0.0 locked',
    ]);
  });

  it('reads yarn.lock of Yarn 1', () => {
    const lock = `# yarn lockfile v1\n\n"@babel/core@^7.0.0", "@babel/core@^7.1.0":\n  version "7.1.2"\n  resolved "x"\n  dependencies:\n    version "^1.0"\n\nleft-pad@1.x:\n  version "1.3.0"\n\n"alias@npm:@s/real@^2":\n  version "2.0.1"\n`;
    expect(extract('app/yarn.lock', lock)).toEqual([
      'npm @babel/core 7.1.2 locked',
      'npm left-pad 1.3.0 locked',
      'npm @s/real 2.0.1 locked',
    ]);
  });

  it('reads yarn.lock of later ones', () => {
    const lock = `__metadata:\n  version: 8\n\n"@s/a@npm:^1.0.0, @s/a@npm:^1.2.0":\n  version: 1.2.3\n  resolution: "@s/a@npm:1.2.3"\n\n"app@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "app@workspace:."\n`;
    expect(extract('yarn.lock', lock)).toEqual(['npm @s/a 1.2.3 locked']);
  });

  it.each([
    ['5', '/a/1.0.0', '/@s/b/2.0.0_c@3.0.0'],
    ['6', '/a@1.0.0', '/@s/b@2.0.0(c@3.0.0)'],
    ['9', 'a@1.0.0', '@s/b@2.0.0'],
  ])('reads pnpm-lock.yaml, version %s', (_version, first, second) => {
    const lock = `lockfileVersion: x\npackages:\n\n  ${first}:\n    dev: false\n\n  '${second}':\n    resolution: {integrity: x}\n\n  '${first}-rc':\n    dev: true\n`;
    expect(extract('pnpm-lock.yaml', lock)).toEqual(['npm a 1.0.0 locked', 'npm @s/b 2.0.0 locked']);
  });
});

describe('Python', () => {
  const site = 'usr/lib/python3.11/site-packages';
  const metadata = 'Metadata-Version: 2.1\nName: Flask\nVersion: 2.0.1\n\nName: in-the-text\n';

  it.each([
    ['dist-info', `${site}/Flask-2.0.1.dist-info/METADATA`, metadata, 'python Flask 2.0.1'],
    ['egg-info-folder', `${site}/Flask-2.0.1-py3.11.egg-info/PKG-INFO`, metadata, 'python Flask 2.0.1'],
    ['egg-info-file', `${site}/six-1.16.0.egg-info`, 'name: six\r\nversion: 1.16.0\r\n', 'python six 1.16.0'],
    ['egg', `${site}/x-1.0-py3.11.egg/EGG-INFO/PKG-INFO`, 'Name: x\nVersion: 1.0\n', 'python x 1.0'],
    ['no-fields', `${site}/x-1.0-py3.11.egg-info`, '', 'python x 1.0'],
    ['no-version', `${site}/x.dist-info/METADATA`, 'Name: x\n', 'python x '],
  ])('reads what is installed: %s', (_condition, path, text, expected) => {
    expect(extract(path, text)).toEqual([expected]);
  });

  it.each([
    [
      'poetry.lock',
      '[[package]]\nname = "a"\nversion = "1.0"\n\n[[package]]\nname = "t"\nversion = "2"\ncategory = "dev"\n\n[[package]]\nname = "u"\nversion = "3"\ngroups = ["dev"]\n',
    ],
    [
      'uv.lock',
      '[[package]]\nname = "app"\nversion = "0"\nsource = { virtual = "." }\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://example.test/simple" }\n',
    ],
    ['pdm.lock', '[[package]]\nname = "a"\nversion = "1.0"\n'],
    ['Pipfile.lock', '{"default":{"a":{"version":"==1.0"}},"develop":{"t":{"version":"==2"}}}'],
    ['requirements.txt', '# pinned\na==1.0 ; python_version > "3" # x\nb>=2\nc\n-r other.txt\nd==2.*\n'],
    ['requirements-prod.txt', 'a[extra] == 1.0 \\\n    --hash=sha256:00\n'],
  ])('reads %s', (name, text) => {
    expect(extract(`srv/${name}`, text)).toEqual(['python a 1.0 locked']);
  });
});

describe('other languages, as installed', () => {
  it.each([
    [
      'Ruby',
      'usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.4.gemspec',
      '  s.name = "rack".freeze\n  s.version = "2.2.4"\n',
      ['ruby rack 2.2.4'],
    ],
    [
      'Ruby default gem',
      'gems/specifications/default/net-http-0.3.0.gemspec',
      'no attributes',
      ['ruby net-http 0.3.0'],
    ],
    [
      'Ruby platform',
      'gems/specifications/nokogiri-1.15.4-x86_64-linux.gemspec',
      '',
      ['ruby nokogiri 1.15.4'],
    ],
    [
      'PHP, Composer 2',
      'app/vendor/composer/installed.json',
      '{"packages":[{"name":"a/b","version":"v1.2.3"}]}',
      ['php a/b 1.2.3'],
    ],
    [
      'PHP, Composer 1',
      'app/vendor/composer/installed.json',
      '[{"name":"a/b","version":"1.2.3"}]',
      ['php a/b 1.2.3'],
    ],
    [
      '.NET',
      'app/x.deps.json',
      '{"libraries":{"x/1.0.0":{"type":"project"},"Newtonsoft.Json/13.0.1":{"type":"package"}}}',
      ['dotnet Newtonsoft.Json 13.0.1'],
    ],
    [
      '.NET that brings its runtime',
      'app/x.deps.json',
      '{"libraries":{"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"type":"runtimepack"}}}',
      ['dotnet Microsoft.NETCore.App.Runtime.linux-x64 8.0.1'],
    ],
    [
      'R',
      'usr/lib/R/library/Matrix/DESCRIPTION',
      'Package: Matrix\nVersion: 1.5-3\nBuilt: R 4.2.2\n',
      ['cran Matrix 1.5-3'],
    ],
    ['R sources', 'srv/library/x/DESCRIPTION', 'Package: x\nVersion: 1\n', []],
    [
      'Bitnami',
      'opt/bitnami/redis/.spdx-redis.spdx',
      '{"packages":[{"externalRefs":[{"referenceLocator":"pkg:bitnami/redis@7.2.4-1?arch=amd64"}]},{"externalRefs":[{"referenceLocator":"pkg:golang/x@1"}]}]}',
      ['bitnami redis 7.2.4'],
    ],
  ])('%s', (_language, path, text, expected) => {
    expect(extract(path, text)).toEqual(expected);
  });
});

describe('other languages, lock files', () => {
  it.each([
    [
      'Gemfile.lock',
      'GIT\n  specs:\n    own (1.0)\n\nGEM\n  remote: x\n  specs:\n    a (1.0)\n      b (>= 2)\n    n (1.15.4-x86_64-linux)\n\nPLATFORMS\n  ruby\n',
      ['ruby a 1.0', 'ruby n 1.15.4'],
    ],
    [
      'composer.lock',
      '{"packages":[{"name":"a/b","version":"v1.0"}],"packages-dev":[{"name":"t/t","version":"2"}]}',
      ['php a/b 1.0'],
    ],
    [
      'packages.lock.json',
      '{"dependencies":{"net8.0":{"A":{"type":"Direct","resolved":"1.0.0"},"own":{"type":"Project"}}}}',
      ['dotnet A 1.0.0'],
    ],
    [
      'Cargo.lock',
      '[[package]]\nname = "own"\nversion = "0.1.0"\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\n',
      ['rust a 1.0.0'],
    ],
    [
      'go.mod',
      'module x\n\ngo 1.22\n\nrequire a.test/a v1.0.0\nrequire (\n\tb.test/b v2.0.0 // indirect\n\tc.test/c v3.0.0\n\td.test/d v4.0.0\n)\n\nreplace b.test/b => e.test/e v5.0.0\nreplace c.test/c v3.0.0 => ./c\nreplace d.test/d v9.0.0 => f.test/f v6.0.0\n',
      ['go a.test/a 1.0.0', 'go e.test/e 5.0.0', 'go d.test/d 4.0.0'],
    ],
    [
      'pubspec.lock',
      'packages:\n  a:\n    source: hosted\n    version: "1.0.0"\n  flutter:\n    source: sdk\n    version: "0.0.0"\n',
      ['dart a 1.0.0'],
    ],
    [
      'mix.lock',
      '%{\n  "a": {:hex, :a_package, "1.0.0", "hash", [:mix], [], "hexpm"},\n  "g": {:git, "x", "y", []},\n}\n',
      ['hex a_package 1.0.0'],
    ],
    ['rebar.lock', '{"1.2.0",\n[{<<"cowboy">>,{pkg,<<"cowboy">>,<<"2.9.0">>},0}]}.\n', ['hex cowboy 2.9.0']],
    [
      'Package.resolved',
      '{"pins":[{"location":"https://github.com/apple/swift-nio.git","state":{"version":"1.2.3"}},{"location":"git@github.com:a/b.git","state":{"version":"2.0.0"}}],"version":2}',
      ['swift github.com/apple/swift-nio 1.2.3', 'swift github.com/a/b 2.0.0'],
    ],
    [
      'Package.resolved',
      '{"object":{"pins":[{"repositoryURL":"https://github.com/a/b","state":{"version":"1.0.0"}}]},"version":1}',
      ['swift github.com/a/b 1.0.0'],
    ],
    [
      'conan.lock',
      '{"version":"0.5","requires":["zlib/1.2.13#rev%1"],"build_requires":["cmake/3.0"]}',
      ['conan zlib 1.2.13'],
    ],
    [
      'conan.lock',
      '{"version":"0.4","graph_lock":{"nodes":{"1":{"ref":"zlib/1.2.11#rev"},"2":{"ref":"cmake/3.0","context":"build"}}}}',
      ['conan zlib 1.2.11'],
    ],
    ['renv.lock', '{"Packages":{"R6":{"Package":"R6","Version":"2.5.1"}}}', ['cran R6 2.5.1']],
    [
      'Manifest.toml',
      'manifest_format = "2.0"\n[[deps.JSON]]\nversion = "0.21.4"\n[[deps.Dates]]\nuuid = "x"\n',
      ['julia JSON 0.21.4'],
    ],
    [
      'cabal.project.freeze',
      'constraints: any.aeson ==2.1.2.1,\n             aeson +ordered-keymap,\n             any.base ==4.17.2.0\n',
      ['haskell aeson 2.1.2.1', 'haskell base 4.17.2.0'],
    ],
    [
      'stack.yaml.lock',
      'packages:\n- completed:\n    hackage: acme-missiles-0.3@sha256:2ba6,613\n  original:\n    hackage: acme-missiles-0.3\n',
      ['haskell acme-missiles 0.3'],
    ],
  ])('%s', (name, text, expected) => {
    expect(extract(`srv/${name}`, text)).toEqual(expected.map((line) => `${line} locked`));
  });

  it.each([
    'package-lock.json',
    'pnpm-lock.yaml',
    'poetry.lock',
    'Pipfile.lock',
    'composer.lock',
    'Cargo.lock',
    'Package.resolved',
    'conan.lock',
    'renv.lock',
    'Manifest.toml',
    'pubspec.lock',
    'packages.lock.json',
    'stack.yaml.lock',
    'yarn.lock',
  ])('says that it could not read a broken %s', (name) => {
    for (const text of ['{{{ not [of\n any: "format', '['.repeat(100_000)])
      expect(extract(name, text)).toEqual(['unreadable']);
  });

  // threats.md D9: each of these took minutes.
  it.each([
    ['pnpm-lock.yaml', 'lockfileVersion: 9\n', '- '],
    ['pnpm-lock.yaml', '', '? '],
    ['stack.yaml.lock', 'packages:\n', '- '],
    ['specifications/a-1.0.gemspec', '', '\n'],
  ])('reads %s with 512 KiB of rubbish in seconds: %j%j', (name, start, piece) => {
    const startedAt = processorMs();
    extract(name, `${start}${piece.repeat(2 ** 19 / piece.length)}`);
    expect(processorMs() - startedAt).toBeLessThan(5000);
  });

  it('leaves alone what packages bring along', () => {
    for (const path of [
      'app/node_modules/a/yarn.lock',
      'node_modules/.package-lock.json',
      'root/go/pkg/mod/a.test/a@v1.0.0/go.mod',
      'root/.cargo/registry/src/x/a-1.0.0/Cargo.lock',
      'usr/lib/python3/site-packages/x/requirements.txt',
    ]) {
      expect(isLanguagePath(path)).toBe(false);
    }
  });
});
