import type { MatchCounts } from '../../advisories/feeds/update-effects.ts';
import type { MatchChangeKind } from './match-changes.ts';

/** A row of `package_match` as matching makes it. */
export interface MatchRow {
  readonly package_id: number;
  readonly vulnerability_id: string;
  readonly advisory_id: string;
  readonly status: string;
  readonly aliases: readonly string[];
  readonly severity: string;
  readonly source_severities: number;
  readonly fixed_version: string | null;
  readonly fix_state: string;
}

/** A row as it is stored. */
export interface HeldMatch extends Omit<MatchRow, 'source_severities'> {
  readonly source_severities: number | null;
  readonly resolved: boolean;
}

/** What became of one match, with what was held of it before. */
export interface NotedChange {
  readonly package_id: number;
  readonly vulnerability_id: string;
  readonly change: MatchChangeKind;
  readonly previous_severity: string | null;
  readonly previous_source_severities: number | null;
}

/** How wanted matches differ from the held ones. */
export interface MatchDifferences {
  /** New, or other than held. */
  readonly written: readonly MatchRow[];
  /** Those of `written` that did not stand before. */
  readonly added: readonly MatchRow[];
  /** Held and no longer wanted. */
  readonly resolved: readonly Pick<MatchRow, 'package_id' | 'vulnerability_id'>[];
  /** Rows that stood, and were replaced or resolved. */
  readonly ended: readonly HeldMatch[];
  /** What people are told of; a match whose record or aliases changed is none of them. */
  readonly noted: readonly NotedChange[];
}

/** Compares the matches of the same packages; both have one row for a package and a vulnerability. */
export function differencesOf(wanted: readonly MatchRow[], held: readonly HeldMatch[]): MatchDifferences {
  const heldOf = new Map<number, Map<string, HeldMatch>>();
  for (const row of held) {
    const known = heldOf.get(row.package_id);
    if (known === undefined) heldOf.set(row.package_id, new Map([[row.vulnerability_id, row]]));
    else known.set(row.vulnerability_id, row);
  }
  const written: MatchRow[] = [];
  const added: MatchRow[] = [];
  const replaced: HeldMatch[] = [];
  const noted: NotedChange[] = [];
  for (const row of wanted) {
    const before = heldOf.get(row.package_id)?.get(row.vulnerability_id);
    heldOf.get(row.package_id)?.delete(row.vulnerability_id);
    if (before !== undefined && !before.resolved && isSame(row, before)) continue;
    written.push(row);
    if (before === undefined || before.resolved) added.push(row);
    else replaced.push(before);
    for (const change of changesOf(row, before)) noted.push(noteOf(row, change, before));
  }
  const gone = [...heldOf.values()].flatMap((rows) => [...rows.values()].filter(({ resolved }) => !resolved));
  for (const row of gone) if (row.status === 'affected') noted.push(noteOf(row, 'removed', row));
  return {
    written,
    added,
    resolved: gone.map(({ package_id, vulnerability_id }) => ({ package_id, vulnerability_id })),
    ended: [...replaced, ...gone],
    noted,
  };
}

function isSame(row: MatchRow, held: HeldMatch): boolean {
  return (
    row.advisory_id === held.advisory_id &&
    row.status === held.status &&
    row.severity === held.severity &&
    row.source_severities === held.source_severities &&
    row.fixed_version === held.fixed_version &&
    row.fix_state === held.fix_state &&
    row.aliases.length === held.aliases.length &&
    row.aliases.every((alias, index) => alias === held.aliases[index])
  );
}

/** What may be affected is neither there nor gone: nobody is told that it came or went. */
function changesOf(row: MatchRow, held: HeldMatch | undefined): readonly MatchChangeKind[] {
  if (row.status !== 'affected') return [];
  if (held === undefined || held.resolved || held.status !== 'affected') return ['added'];
  const isRatedAnew =
    row.severity !== held.severity ||
    (held.source_severities !== null && row.source_severities !== held.source_severities);
  return [
    ...(isRatedAnew ? (['severity-changed'] as const) : []),
    ...(held.fixed_version === null && row.fixed_version !== null ? (['became-fixable'] as const) : []),
  ];
}

function noteOf(
  { package_id, vulnerability_id }: Pick<MatchRow, 'package_id' | 'vulnerability_id'>,
  change: MatchChangeKind,
  held: HeldMatch | undefined,
): NotedChange {
  const before = held?.status === 'affected' && !held.resolved ? held : undefined;
  return {
    package_id,
    vulnerability_id,
    change,
    previous_severity: before?.severity ?? null,
    previous_source_severities: before?.source_severities ?? null,
  };
}

/** How many of the packages are of each ecosystem, and how many matches were added to theirs and taken from them. */
export function countByEcosystem(
  packages: readonly { readonly id: number; readonly ecosystem: string }[],
  { added, resolved }: MatchDifferences,
): ReadonlyMap<string, MatchCounts> {
  const addedTo = Map.groupBy(added, (row) => row.package_id);
  const takenFrom = Map.groupBy(resolved, (row) => row.package_id);
  const sum = (rows: ReadonlyMap<number, readonly unknown[]>, ids: readonly { readonly id: number }[]) =>
    ids.reduce((count, { id }) => count + (rows.get(id)?.length ?? 0), 0);
  return new Map(
    [...Map.groupBy(packages, ({ ecosystem }) => ecosystem)].map(([ecosystem, own]) => [
      ecosystem,
      { packages: own.length, added: sum(addedTo, own), removed: sum(takenFrom, own) },
    ]),
  );
}
