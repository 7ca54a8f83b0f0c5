import { sharingOf } from '../../matching/vulnerability-ids.ts';
import type { MatchDetail } from './match-details.ts';
import type { HeldMatch } from './match-differences.ts';

/**
 * What was held of a package under one name and is known under another: a record got a CVE, lost it, or names one now that
 * another record had.
 */
export interface RenamedMatch {
  readonly held: HeldMatch;
  /** What is said of it now. */
  readonly detail: MatchDetail;
  /**
   * Of its row: it is the other's from now on (`moved`), it goes because the other has one (`merged`), or it is that of one
   * of several names that the vulnerability has now, maybe of its own, of which this is another (`split`).
   */
  readonly row: 'moved' | 'merged' | 'split';
}

/** What one wanted match goes on from. */
export interface Predecessors {
  /** Whose row becomes its own. */
  readonly before: HeldMatch | undefined;
  /** What stood until now, by whatever name. */
  readonly stood: MatchDetail | undefined;
}

interface OtherNames {
  readonly renamed: readonly RenamedMatch[];
  /** Of those wanted matches that had another name. */
  readonly predecessors: ReadonlyMap<MatchDetail, Predecessors>;
}

/**
 * Finds what of a package was held under another name, and takes it out of `left`, which has what is wanted no more under its
 * name. `named` is what was held of each wanted match under its own.
 */
export function takeRenamed(
  wanted: readonly MatchDetail[],
  named: readonly (HeldMatch | undefined)[],
  left: Map<string, HeldMatch>,
): OtherNames {
  const renamed: RenamedMatch[] = [];
  const predecessors = new Map<MatchDetail, Predecessors>();
  const stays = new Set(named);
  const taken = new Set<HeldMatch>();
  for (const [nth, others] of linksOf(wanted, named, left)) {
    const [detail, own] = [wanted[nth], named[nth]];
    if (detail === undefined) continue;
    const all = [...(own === undefined ? [] : [own]), ...others].toSorted((a, b) => rankOf(a) - rankOf(b));
    const isFree = (held: HeldMatch) => held === own || !(taken.has(held) || stays.has(held));
    const before = all.find(isFree);
    for (const held of all) {
      if (held === own && held === before) continue;
      const row = held === before ? 'moved' : 'merged';
      renamed.push({ held, detail, row: isFree(held) ? row : 'split' });
      taken.add(held);
      left.delete(held.detail.vulnerability_id);
    }
    predecessors.set(detail, { before, stood: all.find(({ resolved }) => !resolved)?.detail });
  }
  return { renamed, predecessors };
}

/** By place of the wanted match. One of the two must have the very name of the other: records of bundles share aliases that join nothing. */
function linksOf(
  wanted: readonly MatchDetail[],
  named: readonly (HeldMatch | undefined)[],
  left: ReadonlyMap<string, HeldMatch>,
): ReadonlyMap<number, ReadonlySet<HeldMatch>> {
  const places = new Map(wanted.map(({ vulnerability_id: id }, nth) => [id, nth]));
  const links = new Map<number, Set<HeldMatch>>();
  /** One database has a CVE, another does not yet: that is no other vulnerability. A second CVE is one. */
  const standsAs = (id: string, alias: string) => {
    const held = named[places.get(alias) ?? -1];
    return held?.resolved === false && sharingOf(alias) < sharingOf(id) ? held : undefined;
  };
  const link = (nth: number, held: HeldMatch) => links.set(nth, (links.get(nth) ?? new Set()).add(held));
  for (const [nth, { vulnerability_id: id, aliases }] of wanted.entries())
    for (const alias of aliases) {
      const held = left.get(alias) ?? (named[nth] === undefined ? standsAs(id, alias) : undefined);
      if (held !== undefined) link(nth, held);
    }
  for (const held of left.values())
    for (const alias of held.detail.aliases) {
      const nth = places.get(alias);
      // What stood beside it under its own name is not the same: one record may know several vulnerabilities.
      if (nth !== undefined && named[nth]?.resolved !== false) link(nth, held);
    }
  return links;
}

/** What surely stands goes before what may, and that before what is resolved. */
function rankOf({ resolved, detail }: HeldMatch): number {
  if (resolved) return 2;
  return detail.status === 'affected' ? 0 : 1;
}
