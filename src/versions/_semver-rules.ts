import { compare, parse, type SemVer } from 'semver';
import type { OrderRules } from './_parsed-order.ts';

/** Semantic Versioning 2.0.0 §11, by npm's own library in its strict mode. */
export const semverRules: OrderRules<SemVer> = {
  parse: (text) => parse(text) ?? undefined,
  compare: (left, right) => {
    const comparison = compare(left, right);
    if (comparison === 0) return 'equal';
    return comparison < 0 ? 'less' : 'greater';
  },
};
