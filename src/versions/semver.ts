import { parsedOrder } from './_parsed-order.ts';
import { semverRules } from './_semver-rules.ts';

/**
 * Order of Semantic Versioning 2.0.0 §11, by npm's own library in its strict mode: build metadata is ignored, a leading
 * `v` read past. What it does not parse (`1.0`, `latest`, more than 256 characters) is undetermined.
 */
export const semverOrder = parsedOrder(semverRules);
