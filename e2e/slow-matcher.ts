import type { VersionRanks } from './version-ranks.ts';

/** A record of OSV's schema as it lies in an archive, with the fields that its evaluation algorithm looks at. */
export interface RawRecord {
  readonly id: string;
  readonly withdrawn?: string;
  readonly summary?: string;
  readonly aliases?: readonly string[];
  readonly upstream?: readonly string[];
  readonly related?: readonly string[];
  readonly affected?: readonly RawAffected[];
}

export interface RawAffected {
  readonly package?: { readonly ecosystem: string; readonly name: string };
  readonly versions?: readonly string[];
  readonly ranges?: readonly { readonly type: string; readonly events: readonly RawEvent[] }[];
}

type RawEvent = Readonly<Partial<Record<'introduced' | 'fixed' | 'last_affected' | 'limit', string>>>;

/** `unreadable`: a version that the tool does not read may decide. */
export type SlowAnswer = 'vulnerable' | 'not-vulnerable' | 'unreadable';

/**
 * The functions of the schema's section "Evaluation", one for one, on places that a packaging tool gave the versions. Ranges
 * of commits take no part: nobody installed a commit.
 */
export function isVulnerable(v: string, affected: readonly RawAffected[], ranks: VersionRanks): SlowAnswer {
  const answers = affected.flatMap((one) => [
    includedInVersions(v, one.versions ?? [], ranks),
    ...(one.ranges ?? [])
      .filter((range) => range.type !== 'GIT')
      .map(({ events }) => inRange(v, events, ranks)),
  ]);
  if (answers.includes('vulnerable')) return 'vulnerable';
  const hasCommits = affected.some(({ ranges = [] }) => ranges.length > 0);
  const namesVersions = affected.some(
    ({ versions = [], ranges = [] }) => versions.length > 0 || ranges.some(({ type }) => type !== 'GIT'),
  );
  const namesCommitsOnly = hasCommits && !namesVersions;
  return answers.includes('unreadable') || namesCommitsOnly ? 'unreadable' : 'not-vulnerable';
}

function includedInVersions(v: string, versions: readonly string[], ranks: VersionRanks): SlowAnswer {
  const place = ranks.get(v);
  if (versions.includes(v)) return 'vulnerable';
  if (versions.length === 0) return 'not-vulnerable';
  if (place === undefined) return 'unreadable';
  return versions.some((version) => ranks.get(version) === place) ? 'vulnerable' : 'not-vulnerable';
}

/** Special values: "0" of `introduced` is before every version, "*" of `limit` after all. */
function placeOf(event: RawEvent, ranks: VersionRanks): number | undefined {
  if (event.introduced === '0') return -1;
  if (event.limit === '*') return Number.POSITIVE_INFINITY;
  return ranks.get(event.introduced ?? event.fixed ?? event.last_affected ?? event.limit ?? '');
}

/**
 * Where an event cannot be placed: what is true without it and with it as the last one that came to pass. Anywhere in between
 * the one or the other holds.
 */
function inRange(v: string, events: readonly RawEvent[], ranks: VersionRanks): SlowAnswer {
  const isEverything = events.every((event) => event.introduced === '0');
  const place = isEverything ? 0 : ranks.get(v);
  if (place === undefined) return 'unreadable';
  const placed = events.flatMap((event) => {
    const at = placeOf(event, ranks);
    return at === undefined ? [] : [{ event, at }];
  });
  const lost = events.filter((event) => placeOf(event, ranks) === undefined);
  if (lost.some((event) => event.limit !== undefined)) return 'unreadable';
  if (!beforeLimits(place, placed)) return 'not-vulnerable';
  let vulnerable = false;
  for (const { event, at } of placed.sort((a, b) => a.at - b.at)) {
    if (event.introduced !== undefined && place >= at) vulnerable = true;
    else if (event.fixed !== undefined && place >= at) vulnerable = false;
    else if (event.last_affected !== undefined && place > at) vulnerable = false;
  }
  if (lost.some((event) => (event.introduced !== undefined) !== vulnerable)) return 'unreadable';
  return vulnerable ? 'vulnerable' : 'not-vulnerable';
}

function beforeLimits(place: number, placed: readonly { event: RawEvent; at: number }[]): boolean {
  const limits = placed.filter(({ event }) => event.limit !== undefined);
  return limits.length === 0 || limits.some(({ at }) => place < at);
}
