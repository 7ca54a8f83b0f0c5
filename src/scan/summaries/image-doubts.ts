import { doubtsOfFeeds, type FeedKnowledge } from '../../advisories/feed-doubts.ts';
import { supportDoubtCodes, supportDoubts } from '../../inspection/inventory/os/support-doubts.ts';
import { ecosystemOf, systemManagers } from '../../inspection/inventory/package-managers.ts';
import type { Distribution } from '../../report/distribution.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import type { Doubt } from '../../report/scan-state.ts';

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
  const { own, distribution, newestAt, packages, knowledge, ecosystems, ...query } = options;
  const feeds = doubtsOfFeeds(knowledge, {
    ...query,
    ecosystems: ecosystems.filter((ecosystem) => !systemEcosystems.has(ecosystem)),
    ...(distribution === undefined ? {} : { distribution }),
    ...(newestAt === undefined ? {} : { newestAt }),
  });
  const unsure = packages.filter(({ vulnerabilities }) => vulnerabilities.some((one) => one.undetermined));
  const lasting = own.filter(({ code }) => !supportDoubtCodes.has(code));
  return [...supportDoubts(distribution, query.now), ...lasting, ...feeds, ...versionDoubts(unsure)];
}

/** Of packages that no distribution with advisories gives a name: that is said already, and no feed is of them. */
const systemEcosystems: ReadonlySet<string> = new Set(systemManagers.map(ecosystemOf));

/** One doubt for all packages of which an advisory may or may not speak. */
export function versionDoubts(unsure: readonly Pick<PackageFacts, 'name' | 'version'>[]): readonly Doubt[] {
  const [first] = unsure;
  if (first === undefined) return [];
  const others = unsure.length - 1;
  const also =
    others === 1 ? ', nor whether 1 other package is' : `, nor whether ${others} other packages are`;
  const message = `it cannot be told from its advisories whether ${first.name} "${first.version}" is affected${others === 0 ? '' : also}`;
  return [{ code: 'undetermined-version', message }];
}
