import type { Comparison, VersionOrder } from './version-order.ts';

/** What an order of versions that are read first is made of. */
export interface OrderRules<Version> {
  /** Undefined for what is no version of the order. */
  readonly parse: (text: string) => Version | undefined;
  readonly compare: (left: Version, right: Version) => Comparison;
}

/** The order by these rules; what is no version is undetermined beside anything. */
export function parsedOrder<Version>({ parse, compare }: OrderRules<Version>): VersionOrder {
  const orderBy = (read: OrderRules<Version>['parse']): VersionOrder => ({
    compare: (a, b) => {
      const left = read(a);
      const right = read(b);
      return left === undefined || right === undefined ? 'undetermined' : compare(left, right);
    },
  });
  return { ...orderBy(parse), remembering: () => orderBy(rememberingParse(parse)) };
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
