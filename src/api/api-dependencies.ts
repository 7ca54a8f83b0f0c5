import type { FastifyRequest } from 'fastify';
import type { Transaction } from 'kysely';
import type { AdvisoryOrigin } from '../advisories/feed-status.ts';
import type { Tables } from '../database/tables.ts';
import type { NamespacePolicy } from '../gate/namespace-policies.ts';
import type { Digest } from '../oci/digest.ts';
import type { Policy } from '../policy/policy.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { PushGuard } from '../registry/guards.ts';
import type { AttachDocument } from '../registry/manifests/attach-document.ts';
import type { ImageFacts } from '../report/image-facts.ts';
import type { MalwareEngineStatus } from '../report/malware-engine-status.ts';
import type { PackageReader } from '../scan/reports/image-places.ts';
import type { ScanCanceller, ScanEnqueuer } from '../scan/scan-enqueuer.ts';
import type { Delivery } from '../webhooks/delivery-store.ts';
import type { MailAddress } from '../webhooks/mail-address.ts';
import type { WebhookStore } from '../webhooks/webhook-store.ts';
import type { AuthenticationDependencies } from './authenticate.ts';

/** An image in a repository, as the gate judges it. */
export interface JudgedImage {
  readonly namespaceId: number;
  readonly repository: string;
  readonly digest: Digest;
}

/** The gate's decision without a pull. */
export interface VerdictReader {
  /** What a namespace judges by. */
  policyOf(namespaceId: number): Promise<NamespacePolicy>;
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

/** What the API needs of webhooks. */
export interface WebhookParts {
  readonly store: WebhookStore;
  /** Throws `EgressRefusedError` for a URL that no delivery would go to. */
  checkUrl(url: string): URL;
  /** Why no mail goes to an address; it answers undefined when it may. Absent: there is no mail server. */
  readonly mailRefusalOf?: (address: MailAddress) => string | undefined;
  /** Sends a test at once; undefined when the webhook has gone. */
  test(webhookId: number, signal: AbortSignal): Promise<Delivery | undefined>;
  /** Queues the delivery's next attempt. */
  queueDelivery(transaction: Transaction<Tables>, delivery: number): Promise<void>;
}

/** All that the API is built from; app/ wires it. */
export interface ApiDependencies extends AuthenticationDependencies {
  readonly now: () => Date;
  readonly version: string;
  /** Without a slash at its end; links of answers begin with it. */
  readonly externalUrl: string;
  /** Where this request's client reaches this server, when that is told apart by request; absent: `externalUrl`. */
  readonly externalUrlOf?: (request: FastifyRequest) => string;
  /** For namespaces that are made without one; absent: no limit. */
  readonly namespaceQuotaBytes?: number;
  /** A feed that was confirmed longer ago is shown as stale. */
  readonly feedAgeMaxDays: number;
  readonly advisoryOrigin: AdvisoryOrigin;
  readonly facts: FactsReader;
  readonly packages: PackageReader;
  readonly verdicts: VerdictReader;
  readonly enqueuer: ScanEnqueuer;
  readonly canceller: ScanCanceller;
  /** Tags are deleted under the same rules as through the registry. */
  readonly pushGuard: PushGuard;
  /** The bytes of a config blob; undefined when it is not stored. */
  readonly readConfig: (digest: Digest) => Promise<Uint8Array | undefined>;
  /** The configured malware engines as they are now; soon, whatever state they are in. */
  readonly malwareEngines: () => Promise<readonly MalwareEngineStatus[]>;
  /** Pushes a document beside an image, as a client would. */
  readonly attachDocument: AttachDocument;
  readonly webhooks: WebhookParts;
  /** Queues a synchronisation of the advisory feeds; one that waits already is enough. */
  readonly queueAdvisorySync: (transaction: Transaction<Tables>) => Promise<void>;
}

/** Without a slash at its end. */
export function externalUrlOf(
  dependencies: Pick<ApiDependencies, 'externalUrl' | 'externalUrlOf'>,
  request: FastifyRequest,
): string {
  return dependencies.externalUrlOf?.(request) ?? dependencies.externalUrl;
}
