import type { Distribution } from '../src/report/distribution.ts';
import type { Package } from '../src/report/package.ts';
import type { MirrorRecord, StaticMirror } from '../src/testing/static-mirror.ts';

const ecosystems = [
  { name: 'Alpine', suffix: ':v3.20', range: 'ECOSYSTEM' },
  { name: 'Debian', suffix: ':12', range: 'ECOSYSTEM' },
  { name: 'Maven', suffix: '', range: 'ECOSYSTEM' },
  { name: 'PyPI', suffix: '', range: 'ECOSYSTEM' },
  { name: 'npm', suffix: '', range: 'SEMVER' },
] as const;
type Ecosystem = (typeof ecosystems)[number];

/** Some are equal to others in one order or another, some can be compared with few, one with none. */
const versions = [
  ...['1.0.0', '1.0.1', '1.0.1-r1', '1.0.01', '1.0.010', '1.1', '1.1.0', '1.2.0-1', '1.2.0', '2.0.0-alpha.1'],
  ...['2.0.0', '2.0.0+1', '2.1.0_p1', 'no version!', '3.0.0'],
];
const vectors = [
  'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  'CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:N',
  'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N',
  'CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L',
];
const namesPerEcosystem = 6;
const recordsPerEcosystem = 60;
const cveCount = 90;
/** Few, so that records share them. */
const ghsaCount = 8;
/** Of an ecosystem, in one change. */
const changesMost = 8;

/**
 * Advisories that change at random, the same for the same seed: one describes the vulnerability of another, or gets another name
 * for it, ratings differ by source.
 */
export class RandomFeed {
  #state: number;
  #seconds = 0;
  readonly #records = new Map<Ecosystem, Map<string, MirrorRecord>>();
  readonly #cves = new Map<string, MirrorRecord>();
  readonly #exploited = new Set<string>();
  readonly ecosystems: readonly string[] = ecosystems.map(({ name }) => name);
  readonly distribution: Distribution = {
    id: 'alpine',
    versionId: '3.20.0',
    prettyName: 'Alpine Linux v3.20',
    ecosystem: 'Alpine',
    release: 'v3.20',
  };

  constructor(seed: number) {
    this.#state = seed;
    for (const ecosystem of ecosystems) {
      const ids = Array.from({ length: recordsPerEcosystem }, (_, nth) => idOf(ecosystem, nth));
      this.#records.set(ecosystem, new Map(ids.map((id) => [id, this.#record(ecosystem, id)])));
    }
    for (let nth = 0; nth < cveCount; nth += 2) this.#rate(cve(nth));
    this.#exploited.add(cve(0));
  }

  oneOf<T>(items: readonly T[]): T {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error('Cannot choose: there must be something, got nothing');
    return item;
  }

  /** Every version of every name. */
  packages(): readonly Package[] {
    return ecosystems.flatMap(({ name: ecosystem, suffix }) =>
      Array.from({ length: namesPerEcosystem }, (_, nth) => nameOf(nth)).flatMap((name) =>
        versions.map((version) => {
          const release = suffix.slice(1);
          return { ecosystem, release, name, version, sourceName: name, sourceVersion: version, module: '' };
        }),
      ),
    );
  }

  /** Some records of some ecosystems come, go, are withdrawn, rated otherwise, or say something else; some CVEs, too. */
  change(): void {
    this.#seconds += 1;
    for (const ecosystem of ecosystems) {
      const held = this.#records.get(ecosystem) ?? new Map<string, MirrorRecord>();
      if (this.#below(3) === 0) continue;
      for (let changes = this.#below(changesMost); changes >= 0; changes -= 1) {
        const id = this.oneOf([...held.keys()]);
        const record = held.get(id);
        if (record !== undefined) this.#changeOne(ecosystem, held, record);
      }
    }
    for (let changes = this.#below(4); changes > 0; changes -= 1) this.#rate(cve(this.#below(cveCount)));
    this.#exploited.add(cve(this.#below(cveCount)));
  }

  #changeOne(ecosystem: Ecosystem, held: Map<string, MirrorRecord>, record: MirrorRecord): void {
    const { id } = record;
    const modified = this.#instant();
    switch (this.#below(8)) {
      case 0:
        held.set(id, { ...record, modified, details: `in other words, ${this.#below(1_000)}` });
        break;
      case 1:
        held.set(id, {
          ...record,
          modified,
          withdrawn: record['withdrawn'] === undefined ? modified : undefined,
        });
        break;
      case 2:
        held.set(id, { ...record, modified, severity: this.#severity() });
        break;
      case 3: {
        const added = idOf(ecosystem, recordsPerEcosystem + this.#below(100_000));
        held.set(added, this.#record(ecosystem, added));
        break;
      }
      case 4:
        if (held.size > recordsPerEcosystem - 10) held.delete(id);
        break;
      case 5:
        held.set(id, { ...record, modified, aliases: this.#otherNames(record['aliases']) });
        break;
      default:
        held.set(id, this.#record(ecosystem, id));
    }
  }

  writeTo(mirror: StaticMirror): void {
    mirror.set('/ecosystems.txt', `${this.ecosystems.join('\n')}\n`);
    for (const [{ name }, records] of this.#records) mirror.setFolder(name, newestFirst(records));
    mirror.setFolder('CVE', newestFirst(this.#cves));
    const catalogue = {
      title: 'Known exploited vulnerabilities',
      catalogVersion: String(this.#seconds),
      dateReleased: this.#instant(),
      count: this.#exploited.size,
      vulnerabilities: [...this.#exploited].map((cveID) => ({
        ...{ cveID, vendorProject: 'Vendor', product: 'Product', vulnerabilityName: 'Flaw' },
        ...{
          dateAdded: '2024-05-01',
          shortDescription: 'A flaw',
          requiredAction: 'Update',
          dueDate: '2024-06-01',
        },
        knownRansomwareCampaignUse: 'Unknown',
      })),
    };
    mirror.set('/kev.json', JSON.stringify(catalogue));
  }

  #record(ecosystem: Ecosystem, id: string): MirrorRecord {
    const isNamed = ecosystem.suffix !== '' || this.#below(3) > 0;
    const described = isNamed
      ? Array.from({ length: 1 + this.#below(2) }, () => cve(this.#below(cveCount)))
      : [ghsa(this.#below(ghsaCount))];
    return {
      id,
      modified: this.#instant(),
      published: '2026-08-01T00:00:00Z',
      [ecosystem.suffix === '' ? 'aliases' : 'upstream']: [...new Set(described)],
      ...(this.#below(4) === 0 ? {} : { severity: this.#severity() }),
      affected: Array.from({ length: 1 + this.#below(2) }, () => ({
        package: {
          ecosystem: `${ecosystem.name}${ecosystem.suffix}`,
          name: nameOf(this.#below(namesPerEcosystem)),
        },
        ...(this.#below(5) === 0 ? {} : { ranges: [{ type: ecosystem.range, events: this.#events() }] }),
        versions: Array.from({ length: this.#below(4) }, () => this.oneOf(versions)),
      })),
    };
  }

  /** With a CVE more, or without any. */
  #otherNames(aliases: unknown): readonly string[] {
    const known = Array.isArray(aliases) ? aliases.map(String) : [];
    const others = known.filter((alias) => !alias.startsWith('CVE-'));
    return others.length < known.length ? others : [...known, cve(this.#below(cveCount))];
  }

  #events(): readonly object[] {
    const [from, to] = [this.oneOf(['0', ...versions]), this.oneOf(versions)];
    const end = this.oneOf([{ fixed: to }, { fixed: to }, { last_affected: to }, {}]);
    return [{ introduced: from }, ...(Object.keys(end).length === 0 ? [] : [end])];
  }

  #severity(): readonly object[] {
    return [{ type: 'CVSS_V3', score: this.oneOf(vectors) }];
  }

  #rate(id: string): void {
    this.#cves.set(id, { id, modified: this.#instant(), details: 'A flaw.', severity: this.#severity() });
  }

  #instant(): string {
    return new Date(Date.UTC(2026, 7, 21) + this.#seconds * 1_000).toISOString();
  }

  /** mulberry32, public domain. */
  #below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }
}

function newestFirst(records: ReadonlyMap<string, MirrorRecord>): readonly MirrorRecord[] {
  return [...records.values()].sort((a, b) => b.modified.localeCompare(a.modified));
}

function idOf({ name }: Ecosystem, nth: number): string {
  return `${name.toUpperCase()}-2026-${nth}`;
}

function nameOf(nth: number): string {
  return `package-${nth}`;
}

function cve(nth: number): string {
  return `CVE-2026-${1_000 + nth}`;
}

function ghsa(nth: number): string {
  return `GHSA-aaaa-bbbb-000${nth}`;
}
