import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const shared = sharedData();
const now = new Date('2021-06-01T00:00:00Z');

interface Advised {
  readonly folder: string;
  /** As the records of the distribution write it. */
  readonly ecosystem: string;
  readonly name: string;
  readonly fixed: string;
}

/** One flaw, and a dozen of a package that nobody has: a release that only a few records name is no covered one. */
function recordsOf({ folder, ecosystem, name, fixed }: Advised) {
  const ids = Array.from({ length: 13 }, (_, index) => `CVE-2021-${1000 + index}`);
  return ids.map((cve, index) => ({
    id: `${folder.replace(' ', '')}-${cve}`,
    modified: '2021-05-30T00:00:00Z',
    upstream: [cve],
    affected: [
      {
        package: { ecosystem, name: index === 0 ? name : 'another' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
  }));
}

const advised: readonly Advised[] = [
  {
    folder: 'SUSE',
    ecosystem: 'SUSE:Linux Enterprise Module for Basesystem 15 SP2',
    name: 'glibc',
    fixed: '2.31-9.6.1',
  },
  {
    folder: 'Red Hat',
    ecosystem: 'Red Hat:enterprise_linux:8::baseos',
    name: 'util-linux',
    fixed: '0:2.32.1-99.el8',
  },
  { folder: 'Ubuntu', ecosystem: 'Ubuntu:20.04:LTS', name: 'openssl', fixed: '1.1.1f-1ubuntu2.4' },
];

const osRelease = (id: string, version: string, name: string) =>
  `ID="${id}"\nVERSION_ID="${version}"\nPRETTY_NAME="${name}"\n`;
const rpmdb = (path: string) => readFileSync(join(shared ?? '', 'images/rpmdb', path));
const suse = () => ({ 'usr/lib/sysimage/rpm/Packages.db': rpmdb('sle15-bci.ndb/Packages.db') });
const dpkg =
  'Package: libssl1.1\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 1.1.1f-1ubuntu2.3\n\n';

interface Scanned {
  readonly what: string;
  readonly files: () => Readonly<Record<string, string | Buffer>>;
  readonly findings: readonly string[];
  readonly doubts: readonly string[];
}

const images: readonly Scanned[] = [
  {
    what: 'SUSE Linux Enterprise 15 SP2, from its database in NDB',
    files: () => ({
      'etc/os-release': osRelease('sles', '15.2', 'SUSE Linux Enterprise Server 15 SP2'),
      ...suse(),
    }),
    findings: ['glibc CVE-2021-1000 2.31-9.6.1'],
    doubts: [],
  },
  {
    what: 'a service pack that the advisories do not know',
    files: () => ({
      'etc/os-release': osRelease('sles', '15.3', 'SUSE Linux Enterprise Server 15 SP3'),
      ...suse(),
    }),
    findings: [],
    doubts: ['no-data-for-release'],
  },
  {
    what: 'RHEL 8, from its database in Berkeley DB, by the source package',
    files: () => ({
      'etc/os-release': osRelease('rhel', '8.4', 'Red Hat Enterprise Linux 8.4 (Ootpa)'),
      'var/lib/rpm/Packages': rpmdb('rhel8-libuuid.bdb/Packages'),
    }),
    findings: ['libuuid CVE-2021-1000 0:2.32.1-99.el8'],
    doubts: [],
  },
  {
    what: 'Ubuntu 20.04 LTS, by the source package',
    files: () => ({
      'etc/os-release': osRelease('ubuntu', '20.04', 'Ubuntu 20.04.2 LTS'),
      'var/lib/dpkg/status': dpkg,
    }),
    findings: ['libssl1.1 CVE-2021-1000 1.1.1f-1ubuntu2.4'],
    doubts: [],
  },
  {
    what: 'openSUSE, of which no feed has advisories',
    files: () => ({ 'etc/os-release': osRelease('opensuse-leap', '15.3', 'openSUSE Leap 15.3'), ...suse() }),
    findings: [],
    doubts: ['feed-missing'],
  },
  {
    what: 'Amazon Linux, of which OSV has none',
    files: () => ({ 'etc/os-release': osRelease('amzn', '2', 'Amazon Linux 2'), ...suse() }),
    findings: [],
    doubts: ['unsupported-distribution'],
  },
];

// Skipped without the shared data, which fails where CI=true.
describe.skipIf(shared === undefined)('images of distributions, scanned', () => {
  const mirror = mkdtempSync(join(tmpdir(), 'pratique-distributions-'));
  let server: TestDatabaseServer | undefined;
  let harness: ScanHarness;
  let namespaceId = 0;

  beforeAll(async () => {
    for (const one of advised) {
      mkdirSync(join(mirror, one.folder));
      const members = recordsOf(one).map((record) => ({
        name: `${record.id}.json`,
        bytes: Buffer.from(JSON.stringify(record)),
      }));
      writeFileSync(join(mirror, one.folder, 'all.zip'), buildZip(members));
    }
    writeFileSync(join(mirror, 'ecosystems.txt'), `${advised.map(({ folder }) => folder).join('\n')}\n`);
    server = await startTestDatabaseServer();
    harness = await ScanHarness.start(await createTemporaryDatabase(server.config));
    harness.now = () => now;
    await syncAdvisories({ connection: harness.database, sources: { roots: [mirror] }, now: () => now });
    namespaceId = await harness.addNamespace('demo');
  });
  afterAll(async () => {
    await harness?.close();
    await harness?.database.close();
    await server?.stop();
    rmSync(mirror, { recursive: true, force: true });
  });

  it.each(images)('$what', async ({ what, files, findings, doubts }) => {
    const image = buildImage({ layers: [buildLayer({ ...files(), 'opt/what': what })] });
    await harness.push(namespaceId, image, { tag: '' });
    await harness.scan(image.digest);
    expect(harness.failures).toEqual([]);
    const facts = await harness.facts.factsOf(image.digest);
    const found = (facts?.packages ?? []).flatMap(({ name, vulnerabilities }) =>
      vulnerabilities.map(({ id, fixedVersion, undetermined }) =>
        [name, id, fixedVersion ?? '-', ...(undetermined ? ['undetermined'] : [])].join(' '),
      ),
    );
    expect(found).toEqual(findings);
    expect(facts?.doubts.map(({ code }) => code)).toEqual(doubts);
    expect(facts?.states.vulnerabilities.state).toBe(doubts.length === 0 ? 'scanned' : 'undetermined');
  });
});
