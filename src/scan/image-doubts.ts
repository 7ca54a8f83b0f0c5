import { doubtsOfFeeds, type FeedKnowledge } from '../advisories/feed-doubts.ts';
import type { Distribution } from '../report/distribution.ts';
import type { PackageFacts } from '../report/image-facts.ts';
import type { Doubt } from '../report/scan-state.ts';

/** What the feeds are asked about an image. */
export interface FeedQuestion {
  readonly distribution: Distribution | undefined;
  /** Of the judged packages. */
  readonly ecosystems: readonly string[];
  readonly newestAt: Date | undefined;
}

/** Everything that makes a result "could not tell": the image itself, the feeds as they are now, single versions. */
export function imageDoubts(
  options: FeedQuestion & {
    /** Those that lie in the image itself. */
    readonly own: readonly Doubt[];
    readonly packages: readonly PackageFacts[];
    readonly knowledge: FeedKnowledge;
    readonly now: Date;
    readonly feedAgeMaxDays: number;
  },
): readonly Doubt[] {
  const { own, distribution, newestAt, packages, knowledge, ...query } = options;
  const feeds = doubtsOfFeeds(knowledge, {
    ...query,
    ...(distribution === undefined ? {} : { distribution }),
    ...(newestAt === undefined ? {} : { newestAt }),
  });
  const unsure = packages.filter(({ vulnerabilities }) => vulnerabilities.some((one) => one.undetermined));
  return [...own, ...feeds, ...versionDoubts(unsure)];
}

/** One doubt for all packages whose version cannot be compared with an advisory's. */
export function versionDoubts(unsure: readonly Pick<PackageFacts, 'name' | 'version'>[]): readonly Doubt[] {
  const [first] = unsure;
  if (first === undefined) return [];
  const others = unsure.length > 1 ? `, nor those of ${unsure.length - 1} other packages` : '';
  const message = `the version "${first.version}" of ${first.name} cannot be compared with its advisories${others}`;
  return [{ code: 'undetermined-version', message }];
}
