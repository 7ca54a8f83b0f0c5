import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncAdvisories } from '../src/advisories/feeds/sync-advisories.ts';
import { buildImage, buildLayer } from '../src/testing/samples/build-image.ts';
import { buildZip } from '../src/testing/samples/build-zip.ts';
import { ScanHarness } from '../src/testing/scan-harness.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { createTemporaryDatabase } from '../src/testing/temporary-database.ts';
import { startTestDatabaseServer, type TestDatabaseServer } from '../src/testing/test-database-server.ts';
import { hasProgram, mustRun } from './clients.ts';

const shared = sharedData();
const isSkipped = shared === undefined || !hasProgram('rpmbuild');
const ecosystems = ['AlmaLinux', 'Maven', 'NuGet', 'Packagist', 'Pub', 'PyPI', 'RubyGems'];
const now = new Date('2026-08-22T00:00:00Z');

interface Rpm {
  readonly name: string;
  readonly epoch?: number;
  readonly version: string;
  readonly release: string;
  readonly module?: string;
}

const rpms: readonly Rpm[] = [
  { name: 'openssl-libs', epoch: 1, version: '1.1.1k', release: '6.el8_5' },
  { name: 'npm', epoch: 1, version: '6.14.10', release: '1.module_el8', module: 'nodejs:10:8030:b07ac28e' },
];

/** The database that rpm itself writes of packages without files. */
async function rpmDatabase(folder: string): Promise<Buffer> {
  const root = join(folder, 'root');
  mkdirSync(root);
  for (const { name, epoch = 0, version, release, module } of rpms) {
    const spec = [
      ...[`Name: ${name}`, `Epoch: ${epoch}`, `Version: ${version}`, `Release: ${release}`],
      ...['Summary: x', 'License: x', 'BuildArch: noarch'],
      ...(module === undefined ? [] : [`ModularityLabel: ${module}`]),
      ...['%description', 'x', '%files', ''],
    ].join('\n');
    writeFileSync(join(folder, `${name}.spec`), spec);
    await mustRun('rpmbuild', [
      '-bb',
      '--quiet',
      '--define',
      `_topdir ${folder}/build`,
      join(folder, `${name}.spec`),
    ]);
    const file = join(folder, `build/RPMS/noarch/${name}-${version}-${release}.noarch.rpm`);
    const database = ['--dbpath', '/var/lib/rpm', '--define', '_db_backend sqlite'];
    await mustRun('rpm', ['--root', root, ...database, '-i', '--justdb', '--nodeps', '--nosignature', file]);
  }
  return readFileSync(join(root, 'var/lib/rpm/rpmdb.sqlite'));
}

/** Names are spelled otherwise than advisories spell them wherever the ecosystem reads past that. */
function files(rpmdb: Buffer): Readonly<Record<string, string | Buffer>> {
  const installed = [
    { name: 'Symfony/Http-Foundation', version: 'v2.0.18' },
    { name: 'drupal/config_perms', version: '1.0.0' },
  ];
  const jar = buildZip([
    {
      name: 'META-INF/maven/io.netty/netty-codec-http/pom.properties',
      bytes: Buffer.from('groupId=io.netty\nartifactId=netty-codec-http\nversion=4.1.76.Final\n'),
    },
  ]);
  return {
    'etc/os-release': 'ID="almalinux"\nVERSION_ID="8.5"\nPRETTY_NAME="AlmaLinux 8.5 (Arctic Sphynx)"\n',
    'var/lib/rpm/rpmdb.sqlite': rpmdb,
    'opt/python/Django_S3File-5.5.0.dist-info/METADATA': 'Name: Django_S3File\nVersion: 5.5.0\n\n',
    'opt/app/netty-codec-http-4.1.76.Final.jar': jar,
    'opt/gems/specifications/nokogiri-1.11.3.gemspec':
      'Gem::Specification.new do |s|\n  s.name = "nokogiri".freeze\n  s.version = "1.11.3"\nend\n',
    'opt/net/app.deps.json': '{"libraries": {"system.formats.asn1/8.0.0": {"type": "package"}}}',
    'opt/php/vendor/composer/installed.json': JSON.stringify({ packages: installed }),
    'opt/dart/pubspec.lock':
      'packages:\n  agent_dart:\n    source: hosted\n    version: "1.0.0-dev.28"\n  other:\n    source: hosted\n    version: "1.0.0"\n',
  };
}

// Skipped without rpm or the shared data; an absence fails where CI=true.
describe.skipIf(isSkipped && process.env['CI'] !== 'true')(
  'packages of ecosystems with orders of their own',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pratique-orders-'));
    let server: TestDatabaseServer | undefined;
    let harness: ScanHarness;
    let found: readonly string[] = [];

    beforeAll(async () => {
      const mirror = join(folder, 'mirror');
      mkdirSync(mirror);
      for (const name of ecosystems) symlinkSync(join(shared ?? '', 'advisories', name), join(mirror, name));
      writeFileSync(join(mirror, 'ecosystems.txt'), `${ecosystems.join('\n')}\n`);
      server = await startTestDatabaseServer();
      harness = await ScanHarness.start(await createTemporaryDatabase(server.config));
      harness.now = () => now;
      await syncAdvisories({ connection: harness.database, sources: { roots: [mirror] }, now: () => now });
      const image = buildImage({ layers: [buildLayer(files(await rpmDatabase(folder)))] });
      const namespaceId = await harness.addNamespace('demo');
      await harness.push(namespaceId, image, { tag: '' });
      await harness.scan(image.digest);
      expect(harness.failures).toEqual([]);
      const facts = await harness.facts.factsOf(image.digest);
      found = (facts?.packages ?? []).flatMap(({ name, vulnerabilities }) =>
        vulnerabilities.map((one) =>
          [name, one.id, one.fixedVersion ?? '-', ...(one.undetermined ? ['undetermined'] : [])].join(' '),
        ),
      );
    });
    afterAll(async () => {
      await harness?.close();
      await harness?.database.close();
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each([
      ['PyPI', 'Django_S3File CVE-2022-24840 5.5.1'],
      ['Maven', 'io.netty:netty-codec-http CVE-2021-21290 4.1.77.Final'],
      ['RubyGems', 'nokogiri CVE-2021-3537 1.11.4'],
      ['NuGet', 'system.formats.asn1 CVE-2024-38095 8.0.1'],
      ['Packagist', 'Symfony/Http-Foundation CVE-2012-6431 2.0.19'],
      ['Packagist of Drupal', 'drupal/config_perms DRUPAL-CONTRIB-2017-083 1.1.0'],
      ['Pub', 'agent_dart CVE-2024-48915 1.0.0-dev.29'],
    ])('finds what is known of a package of %s: %s', (_ecosystem, line) => {
      expect(found).toContain(line);
    });

    it('judges rpms of AlmaLinux by their own names and, in a module, by their stream', () => {
      const ofName = (name: string) => found.filter((line) => line.startsWith(`${name} `));
      // 1:1.1.1k-6.el8_5 has what ALSA-2022:1065 fixed, and lacks ALSA-2022:5818.
      expect(ofName('openssl-libs')).not.toContainEqual(expect.stringContaining('CVE-2022-0778'));
      expect(ofName('openssl-libs')).toContainEqual(
        expect.stringMatching(/^openssl-libs CVE-2022-1292 1:1\.1\.1k-7\.el8_6$/),
      );
      // ALSA-2021:0735 is of nodejs:10; those of nodejs:12 to 24 name higher versions of npm.
      expect(ofName('npm').length).toBeGreaterThan(0);
      expect(ofName('npm').filter((line) => !/ 1:6\.14\.\d+-1\.10\./.test(line))).toEqual([]);
    });

    it('is never in doubt about a version, and finds nothing that is fixed', () => {
      expect(found.length).toBeGreaterThan(10);
      expect(found.filter((line) => line.endsWith('undetermined'))).toEqual([]);
      expect(found).not.toContainEqual(expect.stringContaining('CVE-2019-18197'));
    });
  },
);
