import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDistributionEcosystem } from '../src/advisories/osv/distribution-ecosystems.ts';
import { parseOsvEcosystem } from '../src/advisories/osv/osv-ecosystem.ts';
import { detectDistribution } from '../src/inspection/inventory/os/distribution.ts';
import { releaseFileExtractor } from '../src/inspection/inventory/os/release-files.ts';
import { ecosystemOf } from '../src/inspection/inventory/package-managers.ts';
import { readAdvisories } from '../src/testing/samples/read-advisories.ts';
import { sharedData } from '../src/testing/shared-data.ts';

const shared = sharedData();

/** The file by which images of a release name it, and what stands in it. */
type ReleaseFile = readonly [path: string, text: string];

function osRelease(id: string, version: string, prettyName: string): ReleaseFile {
  return ['etc/os-release', `ID=${id}\nVERSION_ID="${version}"\nPRETTY_NAME="${prettyName}"\n`];
}

/** Point releases that images of Debian before os-release(5) are of. */
const oldDebian: Readonly<Record<string, string>> = {
  '3.0': '3.0',
  '3.1': '3.1',
  '4.0': '4.0',
  '5.0': '5.0.10',
  '6.0': '6.0.10',
};

/** What an image of the release says of itself, by what stands behind the colon in records of the ecosystem. */
const imagesOf: Readonly<Record<string, (suffix: string) => ReleaseFile>> = {
  AlmaLinux: (major) => osRelease('almalinux', `${major}.1`, `AlmaLinux ${major}.1`),
  Alpine: (branch) => ['etc/alpine-release', `${branch.slice(1)}.1\n`],
  'Azure Linux': (major) =>
    major === '2'
      ? osRelease('mariner', '2.0', 'CBL-Mariner/Linux')
      : osRelease('azurelinux', `${major}.0`, 'Microsoft Azure Linux'),
  Debian: (release) => {
    const old = oldDebian[release];
    return old === undefined
      ? osRelease('debian', release, `Debian GNU/Linux ${release}`)
      : ['etc/debian_version', `${old}\n`];
  },
  Ubuntu: (suffix) => {
    const [, version = ''] = /(\d+\.\d\d)/.exec(suffix) ?? [];
    return osRelease('ubuntu', version, `Ubuntu ${version}`);
  },
  Wolfi: () => osRelease('wolfi', '20230201', 'Wolfi'),
};

/** Under which packages of languages are listed. */
const ofLanguages: ReadonlySet<string> = new Set(
  (['npm', 'python', 'java', 'go', 'ruby', 'php', 'dotnet', 'dart', 'hex', 'swift', 'bitnami'] as const).map(
    ecosystemOf,
  ),
);

/** Every ecosystem that the records of the shared data name, as they write it. */
async function namedEcosystems(): Promise<readonly string[]> {
  const folders = readdirSync(join(shared ?? '', 'advisories'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'CVE')
    .map(({ name }) => name);
  const named = new Set<string>();
  for (const folder of folders) {
    for (const { affected = [] } of await readAdvisories(
      join(shared ?? '', 'advisories', folder, 'all.zip'),
    )) {
      for (const { package: advised } of affected) named.add(advised.ecosystem);
    }
  }
  return [...named];
}

function isReachable(text: string): boolean {
  const { ecosystem, release } = parseOsvEcosystem(text);
  const image = imagesOf[ecosystem];
  // A language's packages are compared with those of any repository (docs/coverage.md).
  if (image === undefined) return !isDistributionEcosystem(ecosystem) && ofLanguages.has(ecosystem);
  const [path, content] = image(text.slice(ecosystem.length + 1));
  const releases = releaseFileExtractor.extract(path, Buffer.from(content));
  const found = detectDistribution(releases.filter((one) => one.kind === 'release'));
  return found?.ecosystem === ecosystem && found.release === release;
}

describe.skipIf(shared === undefined)('what advisories call a release', () => {
  it('is what an image of it is called, whatever the record names', async () => {
    const named = await namedEcosystems();
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((text) => !isReachable(text))).toEqual([]);
  });
});
