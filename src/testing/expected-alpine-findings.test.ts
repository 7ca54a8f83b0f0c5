import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../inspection/inventory/build-inventory.ts';
import type { AffectedPackage } from '../matching/advisory.ts';
import { matchAffected, mergeAffected } from '../matching/match-affected.ts';
import { vulnerabilitiesOf } from '../matching/vulnerability-ids.ts';
import { apkOrder } from '../versions/apk.ts';
import { type ExpectedFinding, expectedAlpineFindings } from './expected-alpine-findings.ts';
import { inventoryOf } from './samples/inventory-of.ts';
import { type OsvRecord, readAdvisories } from './samples/read-advisories.ts';
import { sharedData } from './shared-data.ts';

const shared = sharedData();
const now = new Date('2026-11-21T00:00:00Z');

const images = [
  ['3.4.0', 'alpine-rootfs-3.4.0-x86_64'],
  ['3.6.2', 'alpine-rootfs-3.6.2-x86_64'],
  ['3.6.5', 'alpine-minirootfs-3.6.5-x86_64'],
  ['3.10.9', 'alpine-minirootfs-3.10.9-x86_64'],
  ['3.12.12', 'alpine-minirootfs-3.12.12-x86_64'],
] as const;

// Skipped without the shared data.
describe.skipIf(shared === undefined)('inventory and matching, without the database', () => {
  it('find in real Alpine images exactly what was worked out by other means', async () => {
    const records = await readAdvisories(join(shared ?? '', 'advisories/Alpine/all.zip'));
    const text = (findings: readonly ExpectedFinding[]) =>
      findings.map((item) => JSON.stringify(item)).sort();
    for (const [version, file] of images) {
      const layer = readFileSync(join(shared ?? '', `images/alpine/${file}.tar.gz`));
      const { packages } = await inventoryOf([layer], now);
      expect([version, text(findingsOf(packages, records))]).toEqual([
        version,
        text(expectedAlpineFindings[version]),
      ]);
    }
  }, 60_000);
});

function findingsOf(packages: Inventory['packages'], records: readonly OsvRecord[]): ExpectedFinding[] {
  return packages.flatMap(({ package: { ecosystem, release, sourceName, name, version } }) =>
    records.flatMap((record) => {
      const statements = (record.affected ?? []).flatMap((item): AffectedPackage[] =>
        item.package.ecosystem === `${ecosystem}:${release}` && item.package.name === sourceName
          ? [{ ranges: item.ranges ?? [], versions: item.versions ?? [] }]
          : [],
      );
      if (statements.length === 0) return [];
      const match = matchAffected({ version, affected: mergeAffected(statements), order: apkOrder });
      if (match.kind === 'not-affected') return [];
      const fixed = match.kind === 'affected' ? (match.fixedVersion ?? '') : match.kind;
      return vulnerabilitiesOf(record).map(({ id }) => ({ id, package: name, installed: version, fixed }));
    }),
  );
}
