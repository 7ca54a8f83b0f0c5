import type { VersionOrder } from '../versions/version-order.ts';
import type { AffectedPackage, AffectedRange, RangeEvent } from './advisory.ts';

export type Match =
  | {
      readonly kind: 'affected';
      /** Lowest version above the installed one that is not affected; absent when the advisory names none. */
      readonly fixedVersion?: string;
    }
  | { readonly kind: 'not-affected' }
  | { readonly kind: 'undetermined'; readonly reason: string };

export interface MatchQuestion {
  /** Version of the package as installed: of its source package where the advisory speaks of those. */
  readonly version: string;
  readonly affected: AffectedPackage;
  readonly order: VersionOrder;
}

/**
 * Whether a version is affected, by the evaluation algorithm of the OSV schema (1.7, "Evaluation"): it is enumerated in
 * `versions`, or lies in one of the ranges; by neither, none is affected. GIT ranges speak of commits and are passed over.
 * Where a comparison that would decide is undetermined, or the advisory names commits only, so is the answer.
 */
export function matchAffected({ version, affected, order }: MatchQuestion): Match {
  const namesCommits = affected.ranges.length > 0 && comparableRanges(affected).length === 0;
  if (affected.versions.length === 0 && namesCommits) {
    return { kind: 'undetermined', reason: 'the advisory names no versions, only commits' };
  }
  const standing = standingOf({ version, affected, order });
  switch (standing) {
    case 'outside':
      return { kind: 'not-affected' };
    case 'unknown':
      return { kind: 'undetermined', reason: `version "${version}" cannot be compared with the advisory's` };
    case 'inside': {
      const fixedVersion = lowestFix({ version, affected, order });
      return fixedVersion === undefined ? { kind: 'affected' } : { kind: 'affected', fixedVersion };
    }
  }
}

/** What of an advisory's words a version fell under: one of its listed versions, or the events of one range. */
export type AffectedBy =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'range'; readonly events: readonly RangeEvent[] };

/** The first of the statement's words that say the version is affected; undefined when none does for certain. */
export function affectedBy({ version, affected, order }: MatchQuestion): AffectedBy | undefined {
  const exact = affected.versions.find((listed) => listed === version);
  if (exact !== undefined) return { kind: 'version', version: exact };
  const range = comparableRanges(affected).find(
    (one) => standingInRange({ version, range: one, order }) === 'inside',
  );
  if (range !== undefined) return { kind: 'range', events: range.events };
  const equal = affected.versions.find((listed) => order.compare(listed, version) === 'equal');
  return equal === undefined ? undefined : { kind: 'version', version: equal };
}

/**
 * One statement out of several that an advisory makes of the same package and release: a version is affected when any of
 * them says so, and only what none of them affects is a fix.
 */
export function mergeAffected(statements: readonly AffectedPackage[]): AffectedPackage {
  const [only, ...others] = statements;
  if (only !== undefined && others.length === 0) return only;
  const urgency = statements.find((statement) => statement.urgency !== undefined)?.urgency;
  const fixState = statements.find((statement) => statement.fixState !== undefined)?.fixState;
  return {
    ranges: statements.flatMap(({ ranges }) => ranges),
    versions: statements.flatMap(({ versions }) => versions),
    ...(urgency === undefined ? {} : { urgency }),
    ...(fixState === undefined ? {} : { fixState }),
  };
}

/** Where a version stands to what an advisory names. */
type Standing = 'inside' | 'outside' | 'unknown';

function standingOf({ version, affected, order }: MatchQuestion): Standing {
  // By what costs least: ranges have few events, lists may have hundreds of versions.
  if (affected.versions.includes(version)) return 'inside';
  const standings = comparableRanges(affected).map((range) => standingInRange({ version, range, order }));
  if (standings.includes('inside')) return 'inside';
  const isListed =
    order.equalsAny?.(version, affected.versions) ??
    affected.versions.some((listed) => order.compare(listed, version) === 'equal');
  if (isListed) return 'inside';
  if (standings.includes('unknown')) return 'unknown';
  // What cannot be compared may be one of the listed versions all the same, written in a way of its own.
  const isComparable = affected.versions.length === 0 || order.compare(version, version) === 'equal';
  return isComparable ? 'outside' : 'unknown';
}

function comparableRanges(affected: AffectedPackage): readonly AffectedRange[] {
  return affected.ranges.filter(({ type }) => type !== 'GIT');
}

interface RangeQuestion {
  readonly version: string;
  readonly range: AffectedRange;
  readonly order: VersionOrder;
}

/** An event that has come to pass at the version asked about. */
interface PassedEvent {
  readonly at: string;
  readonly opens: boolean;
}

/** The latest of the events up to the version decides; of events at one version, the one written last. */
function standingInRange({ version, range, order }: RangeQuestion): Standing {
  const limit = standingToLimits({ version, range, order });
  if (limit === 'outside') return 'outside';
  let latest: PassedEvent | undefined;
  const unsure: boolean[] = [];
  for (const event of range.events) {
    const passed = passedEvent({ version, event, order });
    if (passed === undefined) continue;
    if (passed === 'unknown') {
      unsure.push(event.introduced !== undefined);
      continue;
    }
    const comparison = latest === undefined ? 'greater' : comparePoints(passed.at, latest.at, order);
    if (comparison === 'undetermined') unsure.push(passed.opens, latest?.opens ?? false);
    else if (comparison !== 'less') latest = passed;
  }
  const opened = latest?.opens ?? false;
  // An event of unknown place changes the answer only if it says the opposite.
  if (unsure.some((opens) => opens !== opened)) return 'unknown';
  if (!opened) return 'outside';
  return limit;
}

/** `limit` cuts the range off: the version must lie before one of them, `*` being infinity. */
function standingToLimits({ version, range, order }: RangeQuestion): Standing {
  if (!range.events.some((event) => event.limit !== undefined)) return 'inside';
  const limits = range.events.flatMap(({ limit }) => (limit === undefined ? [] : [limit]));
  if (limits.includes('*')) return 'inside';
  const comparisons = limits.map((limit) => order.compare(version, limit));
  if (comparisons.includes('less')) return 'inside';
  return comparisons.includes('undetermined') ? 'unknown' : 'outside';
}

interface EventQuestion {
  readonly version: string;
  readonly event: RangeEvent;
  readonly order: VersionOrder;
}

/** The event when it applies at the version, undefined when it does not, `unknown` when that cannot be told. */
function passedEvent({ version, event, order }: EventQuestion): PassedEvent | 'unknown' | undefined {
  const at = event.introduced ?? event.fixed ?? event.last_affected;
  if (at === undefined) return undefined;
  const opens = event.introduced !== undefined;
  const comparison = opens && at === '0' ? 'greater' : order.compare(version, at);
  if (comparison === 'undetermined') return 'unknown';
  if (comparison === 'less') return undefined;
  if (comparison === 'equal' && event.last_affected !== undefined) return undefined;
  return { at, opens };
}

/** "0" is before every version (OSV schema, `events`). */
function comparePoints(a: string, b: string, order: VersionOrder): ReturnType<VersionOrder['compare']> {
  if (a === b) return 'equal';
  if (a === '0') return 'less';
  return b === '0' ? 'greater' : order.compare(a, b);
}

function lowestFix({ version, affected, order }: MatchQuestion): string | undefined {
  let lowest: string | undefined;
  for (const { fixed } of comparableRanges(affected).flatMap(({ events }) => events)) {
    if (fixed === undefined || order.compare(fixed, version) !== 'greater') continue;
    if (lowest !== undefined && order.compare(fixed, lowest) !== 'less') continue;
    if (standingOf({ version: fixed, affected, order }) === 'outside') lowest = fixed;
  }
  return lowest;
}
