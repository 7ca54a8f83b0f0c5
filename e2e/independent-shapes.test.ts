import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AffectedPackage, AffectedRange } from '../src/matching/advisory.ts';
import { matchAffected } from '../src/matching/match-affected.ts';
import { semverOrder } from '../src/versions/semver.ts';
import { plainSemver } from './plain-orders.ts';
import { isVulnerable, type SlowAnswer } from './slow-matcher.ts';

const version = fc.nat(9).map((number) => `1.${number}.0`);
/** Now and then one that cannot be compared. */
const stated = fc.oneof({ weight: 15, arbitrary: version }, { weight: 1, arbitrary: fc.constant('latest') });
const events = fc.array(
  fc.oneof(
    fc.constantFrom<AffectedRange['events'][number]>({ introduced: '0' }, { limit: '*' }),
    stated.map((introduced) => ({ introduced })),
    stated.map((fixed) => ({ fixed })),
    stated.map((last_affected) => ({ last_affected })),
    version.map((limit) => ({ limit })),
  ),
  { minLength: 1, maxLength: 6 },
);
const commits = fc.constant([{ introduced: '0' }, { fixed: 'a'.repeat(40) }, { limit: 'b'.repeat(40) }]);
const range = fc.oneof(
  fc.record({ type: fc.constantFrom<AffectedRange['type']>('ECOSYSTEM', 'SEMVER'), events }),
  fc.record({ type: fc.constant<AffectedRange['type']>('GIT'), events: commits }),
);
const statement = fc.record({
  ranges: fc.array(range, { maxLength: 3 }),
  versions: fc.array(stated, { maxLength: 3 }),
});

const words = {
  affected: 'vulnerable',
  'not-affected': 'not-vulnerable',
  undetermined: 'unreadable',
} as const satisfies Record<string, SlowAnswer>;

/** The shared data has no `limit` and no range of commits that stands alone, and few of the rest come together. */
describe('statements of every shape beside the schema’s own evaluation', () => {
  it('are answered as that answers them, and what is called a fix is not affected', async () => {
    const cases = fc.sample(fc.tuple(version, statement), { numRuns: 30_000, seed: 7 });
    const named = cases.flatMap(([asked, { ranges, versions }]) => [
      asked,
      ...versions,
      ...ranges.flatMap((one) => one.events.flatMap((event) => Object.values(event))),
    ]);
    const ranks = await plainSemver.rank([...new Set(named)]);
    const counts = { vulnerable: 0, 'not-vulnerable': 0, unreadable: 0, fixes: 0 };
    const differing: unknown[] = [];
    for (const [asked, affected] of cases) {
      const slow = (one: string) => isVulnerable(one, [affected satisfies AffectedPackage], ranks);
      const match = matchAffected({ version: asked, affected, order: semverOrder });
      const fixed = match.kind === 'affected' ? match.fixedVersion : undefined;
      const isBadFix =
        fixed !== undefined &&
        (slow(fixed) !== 'not-vulnerable' || semverOrder.compare(fixed, asked) !== 'greater');
      if (words[match.kind] !== slow(asked) || isBadFix) differing.push({ asked, affected, match });
      counts[slow(asked)] += 1;
      if (fixed !== undefined) counts.fixes += 1;
    }
    console.info(`shapes: ${JSON.stringify(counts)}`);
    expect(differing.slice(0, 5)).toEqual([]);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(1_000);
  });
});
