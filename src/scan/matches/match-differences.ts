import type { MatchCounts } from '../../advisories/feeds/update-effects.ts';
import type { MatchChangeKind } from './match-changes.ts';
import type { MatchDetail } from './match-details.ts';
import { type Predecessors, type RenamedMatch, takeRenamed } from './other-names.ts';

/** What stands against packages, by package; details that say the same are the same object (`MatchDetails`). */
export type WantedMatches = ReadonlyMap<number, readonly MatchDetail[]>;

/** A match as it is stored. */
export interface HeldMatch {
  readonly packageId: number;
  readonly detailId: number;
  readonly detail: MatchDetail;
  readonly resolved: boolean;
}

/** A match that is new, or says something else than before. */
export interface WrittenMatch {
  readonly packageId: number;
  readonly detail: MatchDetail;
  /** What was stored of that vulnerability, by whatever name. */
  readonly before: HeldMatch | undefined;
}

/** What became of one match, with what was held of it before. */
export interface NotedChange {
  readonly packageId: number;
  /** As it is, or was when it went. */
  readonly detail: MatchDetail;
  readonly change: MatchChangeKind;
  readonly before: MatchDetail | undefined;
}

/** How wanted matches differ from the held ones. */
export interface MatchDifferences {
  readonly written: readonly WrittenMatch[];
  /** Held and no longer wanted. */
  readonly resolved: readonly HeldMatch[];
  /** Held under another name: neither added nor gone. Those of rows that move are among `written`, too. */
  readonly renamed: readonly RenamedMatch[];
  /** What people are told of; a match whose record, name or aliases changed is none of them. */
  readonly noted: readonly NotedChange[];
}

/**
 * Compares the matches of these packages; on both sides a package has one for a vulnerability. `exploited`: CVEs that people
 * were told of as such, `followedExploits()`.
 */
export function differencesOf(
  packageIds: Iterable<number>,
  wanted: WantedMatches,
  heldOf: (packageId: number) => readonly HeldMatch[],
  exploited: ReadonlySet<string> = new Set(),
): MatchDifferences {
  const written: WrittenMatch[] = [];
  const resolved: HeldMatch[] = [];
  const renamed: RenamedMatch[] = [];
  const noted: NotedChange[] = [];
  for (const packageId of packageIds) {
    const own = wanted.get(packageId) ?? [];
    const left = new Map(heldOf(packageId).map((one) => [one.detail.vulnerability_id, one]));
    const named = own.map(({ vulnerability_id: id }) => left.get(id));
    for (const { vulnerability_id: id } of own) left.delete(id);
    const other = mayHaveOtherNames(named, left) ? takeRenamed(own, named, left) : undefined;
    for (const one of other?.renamed ?? []) renamed.push(one);
    for (const [nth, detail] of own.entries()) {
      const { before, stood } = other?.predecessors.get(detail) ?? predecessorsOf(named[nth]);
      if (before !== undefined && !before.resolved && before.detail === detail) continue;
      written.push({ packageId, detail, before });
      for (const change of changesOf(detail, stood, exploited))
        noted.push(noteOf(packageId, detail, change, stood));
    }
    for (const gone of left.values()) {
      if (gone.resolved) continue;
      resolved.push(gone);
      if (gone.detail.status === 'affected')
        noted.push(noteOf(packageId, gone.detail, 'removed', gone.detail));
    }
  }
  return { written, resolved, renamed, noted };
}

/** Most packages are spared to be asked for each alias: what is held of them is wanted under its name, or nothing is. */
function mayHaveOtherNames(
  named: readonly (HeldMatch | undefined)[],
  left: ReadonlyMap<string, HeldMatch>,
): boolean {
  if (left.size > 0) return named.length > 0;
  return named.includes(undefined) && named.some((one) => one !== undefined);
}

function predecessorsOf(before: HeldMatch | undefined): Predecessors {
  return { before, stood: before?.resolved === false ? before.detail : undefined };
}

/** What may be affected is neither there nor gone: nobody is told that it came or went. */
function changesOf(
  detail: MatchDetail,
  before: MatchDetail | undefined,
  exploited: ReadonlySet<string>,
): readonly MatchChangeKind[] {
  if (detail.status !== 'affected') return [];
  if (before === undefined || before.status !== 'affected') return ['added'];
  const isRatedAnew =
    detail.severity !== before.severity ||
    (before.source_severities !== null && detail.source_severities !== before.source_severities);
  return [
    ...(isRatedAnew ? (['severity-changed'] as const) : []),
    ...(before.fixed_version === null && detail.fixed_version !== null ? (['became-fixable'] as const) : []),
    ...(isAmong(detail, exploited) && !isAmong(before, exploited) ? (['known-exploited'] as const) : []),
  ];
}

function isAmong({ vulnerability_id: id, aliases }: MatchDetail, cves: ReadonlySet<string>): boolean {
  return cves.has(id) || aliases.some((alias) => cves.has(alias));
}

function noteOf(
  packageId: number,
  detail: MatchDetail,
  change: MatchChangeKind,
  before: MatchDetail | undefined,
): NotedChange {
  return { packageId, detail, change, before: before?.status === 'affected' ? before : undefined };
}

/** The packages of which anything is to be stored. */
export function changedPackagesOf({
  written,
  resolved,
  renamed,
}: Pick<MatchDifferences, 'written' | 'resolved' | 'renamed'>): ReadonlySet<number> {
  const changed = new Set<number>();
  for (const { packageId } of written) changed.add(packageId);
  for (const { packageId } of resolved) changed.add(packageId);
  for (const { held } of renamed) changed.add(held.packageId);
  return changed;
}

/** How many of the packages are of each ecosystem, and how many matches were added to theirs and taken from them. */
export function countByEcosystem(
  packages: readonly { readonly id: number; readonly ecosystem: string }[],
  { written, resolved }: MatchDifferences,
): ReadonlyMap<string, MatchCounts> {
  const addedTo = Map.groupBy(
    written.filter(({ before }) => before === undefined || before.resolved),
    ({ packageId }) => packageId,
  );
  const takenFrom = Map.groupBy(resolved, ({ packageId }) => packageId);
  const sum = (rows: ReadonlyMap<number, readonly unknown[]>, ids: readonly { readonly id: number }[]) =>
    ids.reduce((count, { id }) => count + (rows.get(id)?.length ?? 0), 0);
  return new Map(
    [...Map.groupBy(packages, ({ ecosystem }) => ecosystem)].map(([ecosystem, own]) => [
      ecosystem,
      { packages: own.length, added: sum(addedTo, own), removed: sum(takenFrom, own) },
    ]),
  );
}

/** Adds counts to those of before. */
export function addUp(sums: Map<string, MatchCounts>, counted: ReadonlyMap<string, MatchCounts>): void {
  for (const [ecosystem, { packages, added, removed }] of counted) {
    const sum = sums.get(ecosystem) ?? { packages: 0, added: 0, removed: 0 };
    sums.set(ecosystem, {
      packages: sum.packages + packages,
      added: sum.added + added,
      removed: sum.removed + removed,
    });
  }
}
