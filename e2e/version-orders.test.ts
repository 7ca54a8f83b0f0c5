import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readAdvisories, versionsOf } from '../src/testing/samples/read-advisories.ts';
import { type VersionPair, versionPairs } from '../src/testing/samples/version-pairs.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { examinedOrders } from './examined-orders.ts';

const shared = sharedData();

/** Every version that the records of an ecosystem name; those of all are read once. */
const versionsByEcosystem = new Map<string, Promise<readonly string[]>>();

function versionsFrom(ecosystem: string): Promise<readonly string[]> {
  const known = versionsByEcosystem.get(ecosystem);
  if (known !== undefined) return known;
  const zip = join(shared ?? '', `advisories/${ecosystem}/all.zip`);
  const versions = readAdvisories(zip).then((records) => versionsOf(records, ecosystem));
  versionsByEcosystem.set(ecosystem, versions);
  return versions;
}

/** Two versions of the advisories, each changed at some places, or one and its changed self. */
function changedPairs(versions: readonly string[], pieces: readonly string[], count: number): VersionPair[] {
  const change = fc.record({
    at: fc.nat(40),
    drop: fc.nat(2),
    piece: fc.constantFrom('', ...pieces),
  });
  const changed = fc
    .tuple(fc.constantFrom(...versions), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(
      ([version, changes]): VersionPair => [
        version,
        changes.reduce((text, { at, drop, piece }) => {
          const start = at % (text.length + 1);
          return `${text.slice(0, start)}${piece}${text.slice(start + drop)}`;
        }, version),
      ],
    );
  const pair = fc
    .tuple(changed, changed, fc.boolean())
    .map(
      ([[a, changedA], [, changedB], isSelf]): VersionPair => (isSelf ? [a, changedA] : [changedA, changedB]),
    );
  return fc.sample(pair, { numRuns: count, seed: 2 }).filter((two) => two.every((text) => text !== ''));
}

// Skipped where the tool cannot be had, with the reason, or the shared data is missing; what Debian has must be there in CI.
describe.each(examinedOrders)('the order of $ecosystem beside its own tool', (one) => {
  const { order, oracle, pieces, isKnownDifference, undeterminedPerThousandMax = 0 } = one;
  const { from, like, every = 1 } = one.drawn ?? { from: [one.ecosystem], like: /^\S*$/ };
  let versions: readonly string[] = [];
  let missing: string | undefined;

  beforeAll(async () => {
    missing = shared === undefined ? 'the shared data is missing' : await oracle.missing();
    if (missing !== undefined) return;
    const drawn = new Set((await Promise.all(from.map(versionsFrom))).flat());
    versions = [...drawn].filter((version) => like.test(version)).filter((_, index) => index % every === 0);
  });

  async function compareAll(pairs: readonly VersionPair[]) {
    const answers = await oracle.compare(pairs);
    const compared = pairs.map(([a, b], index) => {
      return { a, b, ours: order.compare(a, b), theirs: answers[index] };
    });
    const answered = compared.filter(({ ours }) => ours !== 'undetermined');
    return {
      wrong: answered.filter(
        ({ a, b, ours, theirs }) => ours !== theirs && isKnownDifference?.(a, b) !== true,
      ),
      unanswered: compared.filter(({ ours, theirs }) => ours === 'undetermined' && theirs !== 'invalid'),
    };
  }

  it('reads those versions of the advisories that it reads', async ({ skip }) => {
    if (missing !== undefined) skip(missing);
    expect(versions.length).toBeGreaterThan(1000);
    const { wrong, unanswered } = await compareAll(versions.map((version) => [version, version]));
    expect({ wrong, unanswered }).toEqual({ wrong: [], unanswered: [] });
  });

  it('agrees with it on versions of the advisories, and always answers', async ({ skip }) => {
    if (missing !== undefined) skip(missing);
    const read = versions.filter((version) => order.compare(version, version) === 'equal');
    const pairs = versionPairs({ order, versions: read, neighboursMax: 20_000, randomMax: 10_000 });
    const { wrong, unanswered } = await compareAll(pairs);
    expect(wrong).toEqual([]);
    const perThousandMax = order.isPartial === true ? undeterminedPerThousandMax : 0;
    expect(unanswered.length).toBeLessThanOrEqual((pairs.length * perThousandMax) / 1000);
  });

  it('agrees with it on versions that are nearly right', async ({ skip }) => {
    if (missing !== undefined) skip(missing);
    const pairs = changedPairs(versions, pieces, every === 1 ? 20_000 : 10_000);
    const { wrong, unanswered } = await compareAll(pairs);
    expect(wrong).toEqual([]);
    expect(unanswered.length).toBeLessThanOrEqual((pairs.length * undeterminedPerThousandMax) / 1000);
  });
});
