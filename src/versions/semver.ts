import { compare, parse } from 'semver';
import { parsedOrder } from './_parsed-order.ts';

/**
 * Order of Semantic Versioning 2.0.0 §11, by npm's own library in its strict mode: build metadata is ignored, a leading
 * `v` read past. What it does not parse (`1.0`, `latest`, more than 256 characters) is undetermined.
 */
export const semverOrder = parsedOrder({
  parse: (text) => parse(text) ?? undefined,
  compare: (left, right) => {
    const comparison = compare(left, right);
    if (comparison === 0) return 'equal';
    return comparison < 0 ? 'less' : 'greater';
  },
});
