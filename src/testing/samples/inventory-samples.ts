import { deflateSync } from 'node:zlib';
import { HeldBytes } from '../../bytes/held-bytes.ts';
import type { Found } from '../../inspection/inventory/found.ts';
import { inventoryProbe } from '../../inspection/inventory/layer-probe.ts';
import { buildElf, buildMachO, buildPe, goBuildInfo } from './build-program.ts';
import { buildZip } from './build-zip.ts';

/** A small file that a reader of the inventory finds something in, at a path where it looks. */
export interface InventorySample {
  readonly path: string;
  readonly bytes: Buffer;
}

/** What the inventory finds in it: by its path, else as a program. */
export function extractSample({ path, bytes }: InventorySample): readonly Found[] {
  if (inventoryProbe.wants(path)) return inventoryProbe.extract(path, bytes);
  const program = new HeldBytes();
  for (let at = 0; at < bytes.length; at += 4096) program.add(bytes.subarray(at, at + 4096));
  return inventoryProbe.programs?.extract(path, program) ?? [];
}

const spdx = JSON.stringify({
  packages: [{ externalRefs: [{ referenceLocator: 'pkg:bitnami/redis@7.2.4-1' }] }],
});
const desc = '%NAME%\na\n\n%VERSION%\n1-1\n\n%ARCH%\nany\n\n%LICENSE%\nMIT\n\n%BUILDDATE%\n1698000000\n\n';
const manifest = 'a\t1-1.cm2\t1653816591\t1653753130\tMicrosoft\t(none)\t1\tx86_64\t0\ta-1-1.cm2.src.rpm\n';
const composer = '{"packages":[{"name":"a/b","version":"v1.0.0","license":["MIT"]}]}';
const npmLock = '{"lockfileVersion":3,"packages":{"":{},"node_modules/a":{"version":"1.0.0"}}}';
const conanLock = '{"version":"0.5","requires":["zlib/1.2.11#0123%1.0"]}';
const swiftLock = '{"version":2,"pins":[{"location":"https://a.test/b.git","state":{"version":"1.0"}}]}';
const renvLock = '{"Packages":{"a":{"Package":"a","Version":"1.0"}}}';
const nugetLock = '{"version":1,"dependencies":{"net8":{"A":{"type":"Direct","resolved":"1.0.0"}}}}';

const texts: Readonly<Record<string, string>> = {
  'lib/apk/db/installed':
    'C:Q1=\nP:musl\nV:1-r0\nA:x86_64\nL:MIT\no:musl\nt:1466181580\nF:lib\nR:a\n\nP:b\nV:2-r0\n\n',
  'var/lib/dpkg/status':
    'Package: a\nStatus: install ok installed\nArchitecture: amd64\nSource: b (1)\nVersion: 1:1-1\nD: x\n y\n\n',
  'var/lib/dpkg/info/a.list': '/.\n/usr/lib/node_modules/a/package.json\n',
  'var/lib/dpkg/status.d/a.md5sums': `${'0'.repeat(32)}  usr/bin/a\n`,
  'var/lib/rpmmanifest/container-manifest-2': manifest,
  'usr/share/bottlerocket/application-inventory.json':
    '{"Content":[{"Name":"a","Version":"1","Release":"1.br1","Epoch":"1","Architecture":"x86_64"}]}',
  'var/lib/pacman/local/a-1-1/desc': desc,
  'var/lib/pacman/local/a-1-1/files': '%FILES%\nusr/bin/a\n\n',
  'etc/os-release': 'ID=alpine\nVERSION_ID="3.4.0"\nPRETTY_NAME=\'Alpine Linux\'\n',
  'etc/alpine-release': '3.4.0\n',
  'etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n',
  'etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n',
  'node_modules/a/package.json': '{"name":"a","version":"1.0.0","license":"MIT","x":{"y":[1,2,"z"]}}',
  'app/package-lock.json': npmLock,
  'app/yarn.lock': '# yarn lockfile v1\n\n"a@^1.0.0", "a@npm:b@^1":\n  version "1.0.0"\n  resolved "x"\n',
  'berry/yarn.lock':
    '__metadata:\n  version: 8\n\n"a@npm:^1.0":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n',
  'app/pnpm-lock.yaml':
    "lockfileVersion: '9.0'\npackages:\n  '@s/a@1.0.0(b@2)':\n    dev: false\n  c@2.0.0: {}\n",
  'lib/a-1.0.dist-info/METADATA':
    'Metadata-Version: 2.1\nName: A.b\nVersion: 1.0\nLicense: MIT\nClassifier: License :: ISC\n\nText\n',
  'app/poetry.lock': '[[package]]\nname = "a"\nversion = "1.0"\n\n[metadata]\nx = 1\n',
  'app/Pipfile.lock': '{"default":{"a":{"version":"==1.0"}}}',
  'app/requirements.txt': 'a[x] == 1.0 ; python_version > "3"\nb==2.0 \\\n',
  'usr/share/gems/specifications/a-1.0.gemspec':
    'Gem::Specification.new do |s|\n  s.name = "a".freeze\n  s.version = "1.0"\n  s.licenses = ["MIT".freeze]\n',
  'app/Gemfile.lock': 'GEM\n  specs:\n    a (1.0-x86_64-linux)\n      b (>= 1)\n\nPLATFORMS\n  ruby\n',
  'app/vendor/composer/installed.json': composer,
  'app/composer.lock': composer,
  'app/a.deps.json': '{"libraries":{"A/1.0.0":{"type":"package"}}}',
  'app/packages.lock.json': nugetLock,
  'app/Cargo.lock': '[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\n',
  'app/go.mod':
    'module x\nrequire (\n\ta.test/b v1.0.0 // indirect\n)\nreplace a.test/b => c.test/d v2.0.0\n',
  'app/pubspec.lock': 'packages:\n  a:\n    source: hosted\n    version: "1.0.0"\n',
  'app/mix.lock': '%{\n  "a": {:hex, :a, "1.0.0", "x", [:mix], [], "hexpm", "y"},\n}\n',
  'app/rebar.lock': '{"1.2.0",\n[{<<"a">>,{pkg,<<"a">>,<<"1.0.0">>},0}]}.\n',
  'app/Package.resolved': swiftLock,
  'app/conan.lock': conanLock,
  'usr/lib/R/library/a/DESCRIPTION': 'Package: a\nVersion: 1.0\nLicense: GPL-2\nBuilt: R 4.3.0; ; x; unix\n',
  'app/renv.lock': renvLock,
  'app/Manifest.toml': 'manifest_format = "2.0"\n[[deps.A]]\nversion = "1.0.0"\nuuid = "x"\n',
  'app/cabal.project.freeze': 'constraints: any.a ==1.0,\n             any.b ==2.0\n',
  'app/stack.yaml.lock': 'packages:\n- completed:\n    hackage: a-1.0@sha256:0,1\n',
  'opt/bitnami/redis/.spdx-redis.spdx': spdx,
};

const jar = buildZip([
  { name: 'META-INF/MANIFEST.MF', bytes: Buffer.from('Manifest-Version: 1.0\nBundle-SymbolicName: a.b.c\n') },
  { name: 'META-INF/maven/a/b/pom.properties', bytes: Buffer.from('groupId=a\nartifactId=b\nversion=1.0\n') },
  {
    name: 'lib/c-2.0.jar',
    bytes: buildZip([
      {
        name: 'META-INF/maven/a/c/pom.properties',
        bytes: Buffer.from('groupId=a\nartifactId=c\nversion=2.0\n'),
      },
    ]),
  },
]);

/** One sample at least for every extractor of text files, and for Java archives. */
export const inventorySamples: readonly InventorySample[] = [
  ...Object.entries(texts).map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
  { path: 'app/b-1.0.jar', bytes: jar },
  { path: 'var/lib/rpm/Packages.db', bytes: ndbDatabase() },
];

const goInfo = goBuildInfo('go1.21', 'path\tx\nmod\tx\tv1.0.0\t\ndep\ta.test/b\tv1.0.0\th1:x=\n');

/** Programs with what their readers look for. */
export const programSamples: readonly InventorySample[] = [
  { path: 'usr/bin/go-tool', bytes: buildElf({ '.go.buildinfo': goInfo }) },
  { path: 'app/go-tool.exe', bytes: buildPe({ '.text': Buffer.alloc(16), '.data': goInfo }) },
  { path: 'app/go-tool-darwin', bytes: buildMachO({ __text: Buffer.alloc(16), __go_buildinfo: goInfo }) },
  {
    path: 'usr/bin/rust-tool',
    bytes: buildElf({
      '.dep-v0': deflateSync('{"packages":[{"name":"a","version":"1.0.0","source":"registry"}]}'),
    }),
  },
  { path: 'bin/busybox', bytes: buildElf({ '.rodata': Buffer.from('\0BusyBox v1.36.1 (2023)\0') }) },
  { path: 'usr/bin/python3.11', bytes: buildElf({ '.rodata': Buffer.from('\x003.11.4\0') }) },
];

/** An rpm database in the format NDB, of one page of slots and one package `a-1-1`. */
function ndbDatabase(): Buffer {
  const data = Buffer.from('a\x001\x001\0');
  const header = Buffer.alloc(8 + 3 * 16);
  header.writeUInt32BE(3, 0);
  header.writeUInt32BE(data.length, 4);
  for (const index of [0, 1, 2]) {
    [1000 + index, 6, index * 2, 1].forEach((field, at) => {
      header.writeUInt32BE(field, 8 + index * 16 + at * 4);
    });
  }
  const slots = Buffer.alloc(4096);
  slots.write('RpmP', 0, 'latin1');
  slots.writeUInt32LE(1, 12);
  for (let at = 32; at < 4096; at += 16) slots.write('Slot', at, 'latin1');
  slots.writeUInt32LE(1, 36);
  slots.writeUInt32LE(256, 40);
  const blob = Buffer.alloc(16);
  blob.write('BlbS', 0, 'latin1');
  blob.writeUInt32LE(1, 4);
  blob.writeUInt32LE(header.length + data.length, 12);
  return Buffer.concat([slots, blob, header, data]);
}
