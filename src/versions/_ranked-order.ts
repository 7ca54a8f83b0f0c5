import type { OrderRules } from './_parsed-order.ts';
import type { VersionOrder } from './version-order.ts';

/** A place in the order, which equal versions share. */
interface Place<Version> {
  readonly version: Version;
  /** Grows from place to place. */
  rank: number;
}

/**
 * The same order for rules by which any two versions can be compared: each text is read and finds its place once, by as many
 * comparisons as the number of places has digits in base 2, and from then on ranks are compared.
 */
export function rankedOrder<Version>({ parse, compare }: OrderRules<Version>): VersionOrder {
  const known = new Map<string, Place<Version> | undefined>();
  const places: Place<Version>[] = [];
  const listed = new WeakMap<readonly string[], ReadonlySet<Place<Version> | undefined>>();

  const place = (version: Version): Place<Version> => {
    let [from, to] = [0, places.length];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      const found = places[middle];
      const comparison = found === undefined ? 'equal' : compare(version, found.version);
      if (comparison === 'equal' && found !== undefined) return found;
      if (comparison === 'less') to = middle;
      else from = middle + 1;
    }
    return insert(version, from);
  };

  const insert = (version: Version, at: number): Place<Version> => {
    const [before, after] = [places[at - 1]?.rank ?? 0, places[at]?.rank];
    const made = { version, rank: after === undefined ? before + 1 : (before + after) / 2 };
    places.splice(at, 0, made);
    // No number is left between the two.
    if (made.rank <= before || made.rank === after)
      for (const [index, one] of places.entries()) one.rank = index + 1;
    return made;
  };

  const placeOf = (text: string): Place<Version> | undefined => {
    const found = known.get(text);
    if (found !== undefined || known.has(text)) return found;
    const version = parse(text);
    const made = version === undefined ? undefined : place(version);
    known.set(text, made);
    return made;
  };

  return {
    compare: (a, b) => {
      const left = placeOf(a);
      const right = placeOf(b);
      if (left === undefined || right === undefined) return 'undetermined';
      if (left === right) return 'equal';
      return left.rank < right.rank ? 'less' : 'greater';
    },
    equalsAny: (version, versions) => {
      const own = placeOf(version);
      if (own === undefined) return false;
      const ofList = listed.get(versions) ?? new Set(versions.map(placeOf));
      listed.set(versions, ofList);
      return ofList.has(own);
    },
  };
}
