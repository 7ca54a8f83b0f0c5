import type { Transaction } from 'kysely';
import type { CatalogRepository } from '../catalog/repositories.ts';
import type { ProposedTagMove, TagMoveDecision } from '../catalog/tag-moves.ts';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';
import type { Policy } from '../policy/policy.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { ImageFacts } from '../report/image-facts.ts';
import type { ScanCanceller, ScanEnqueuer } from '../scan/scan-enqueuer.ts';
import type { AuthenticationDependencies } from './authenticate.ts';

/** An image in a repository, as the gate judges it. */
export interface JudgedImage {
  readonly namespaceId: number;
  readonly repository: string;
  readonly digest: string;
}

/** The gate's decision without a pull. */
export interface VerdictReader {
  /** One verdict per image, in their order, by stored facts; `policy` stands for those of the namespaces. */
  verdictsOf(
    images: readonly JudgedImage[],
    options: { readonly now: Date; readonly policy?: Policy },
  ): Promise<readonly Verdict[]>;
  /** The same for one image, after waiting up to `waitMs` for a scan that is pending. */
  verdictAfter(
    image: JudgedImage,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<Verdict>;
}

/** What the API needs of `ImageFactsStore`. */
export interface FactsReader {
  factsOf(digest: Digest): Promise<ImageFacts | undefined>;
  /** In few queries; those that are not stored are absent. */
  factsOfMany(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, ImageFacts>>;
}

/** What the API needs of the registry's `PushGuard`: it deletes tags under the same rules. */
export interface TagGuard {
  decideTagMove(
    transaction: Transaction<Tables>,
    move: ProposedTagMove & {
      readonly requester: { readonly name: string; readonly accountId: number; readonly client: string };
      readonly repository: CatalogRepository;
      readonly isReferrerFallback: boolean;
    },
  ): Promise<TagMoveDecision>;
}

/** All that the API is built from; app/ wires it. */
export interface ApiDependencies extends AuthenticationDependencies {
  readonly now: () => Date;
  readonly version: string;
  /** Without a slash at its end; links of answers begin with it. */
  readonly externalUrl: string;
  /** A feed that was confirmed longer ago is shown as stale. */
  readonly feedAgeMaxDays: number;
  readonly facts: FactsReader;
  readonly verdicts: VerdictReader;
  readonly enqueuer: ScanEnqueuer;
  readonly canceller: ScanCanceller;
  readonly tagGuard: TagGuard;
  /** The bytes of a config blob; undefined when it is not stored. */
  readonly readConfig: (digest: Digest) => Promise<Uint8Array | undefined>;
  /** Queues a synchronisation of the advisory feeds; one that waits already is enough. */
  readonly queueAdvisorySync: (transaction: Transaction<Tables>) => Promise<void>;
}
