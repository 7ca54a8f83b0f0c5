import { rankedOrder } from './_ranked-order.ts';
import { rememberingOrder } from './_remembering-order.ts';
import type { Comparison, VersionOrder } from './version-order.ts';

/** What an order of versions that are read first is made of. */
export interface OrderRules<Version> {
  /** Undefined for what is no version of the order. */
  readonly parse: (text: string) => Version | undefined;
  readonly compare: (left: Version, right: Version) => Comparison;
  /** Some versions cannot be compared with one another. Absent: any two can, and `compare` is transitive. */
  readonly isPartial?: true;
}

/** The order by these rules; what is no version is undetermined beside anything. */
export function parsedOrder<Version>(rules: OrderRules<Version>): VersionOrder {
  return {
    ...orderBy(rules),
    remembering: () =>
      rules.isPartial === true
        ? rememberingOrder(orderBy({ ...rules, parse: rememberingParse(rules.parse) }))
        : rankedOrder(rules),
    ...(rules.isPartial === true ? { isPartial: true } : {}),
  };
}

function orderBy<Version>({ parse, compare }: OrderRules<Version>): VersionOrder {
  return {
    compare: (a, b) => {
      const left = parse(a);
      const right = parse(b);
      return left === undefined || right === undefined ? 'undetermined' : compare(left, right);
    },
  };
}

function rememberingParse<Version>(parse: OrderRules<Version>['parse']): OrderRules<Version>['parse'] {
  const known = new Map<string, Version | undefined>();
  return (text) => {
    if (known.has(text)) return known.get(text);
    const version = parse(text);
    known.set(text, version);
    return version;
  };
}
