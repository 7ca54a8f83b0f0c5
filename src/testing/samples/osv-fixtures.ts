import type { MirrorRecord } from '../static-mirror.ts';

export interface AlpineFixture {
  readonly number: number;
  readonly modified: string;
  readonly fixed?: string;
  readonly name?: string;
}

/** `ALPINE-CVE-2024-<number>` about `package-<number>` of Alpine v3.6, fixed in 1.0-r1. */
export function alpineRecord({
  number,
  modified,
  fixed = '1.0-r1',
  name = `package-${number}`,
}: AlpineFixture): MirrorRecord {
  return {
    id: `ALPINE-CVE-2024-${number}`,
    modified,
    upstream: [`CVE-2024-${number}`],
    summary: `Flaw ${number}`,
    affected: [
      {
        package: { ecosystem: 'Alpine:v3.6', name },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
  };
}

/** Records 1000, 1001, … of one instant. */
export function alpineRecords(count: number): readonly MirrorRecord[] {
  return Array.from({ length: count }, (_, index) =>
    alpineRecord({ number: 1000 + index, modified: '2024-05-01T10:00:00.500Z' }),
  );
}

/** A record about every version of npm's `ws`. */
export function npmRecord(id: string, modified: string): MirrorRecord {
  return {
    id,
    modified,
    affected: [
      {
        package: { ecosystem: 'npm', name: 'ws' },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }],
      },
    ],
  };
}
