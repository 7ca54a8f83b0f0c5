import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Digest } from '../oci/digest.ts';
import type { NamespaceName, RepositoryName, Tag } from '../oci/names.ts';

/** Who asks, as events record it. */
export interface Requester {
  /** Account name, or `anonymous`. */
  readonly name: string;
  /** Absent for anonymous. */
  readonly accountId?: number;
  /** Client address and user agent, for the audit log only: no header ever changes a verdict. Empty for a command. */
  readonly client: string;
  /** Where the client reaches this server, for links to reports; absent: the server's own external URL. */
  readonly externalUrl?: string;
}

export interface RepositoryRef {
  readonly namespaceId: number;
  readonly namespace: NamespaceName;
  readonly repositoryId: number;
  readonly repository: RepositoryName;
}

export interface PullRequest {
  readonly requester: Requester;
  readonly repository: RepositoryRef;
  /** What is read: bytes of a manifest or of a blob; a mount reads the source's blob. */
  readonly target: { readonly kind: 'manifest' | 'blob'; readonly digest: Digest };
  /** Tag the client asked by, for messages. */
  readonly tag?: Tag;
  readonly method: 'GET' | 'HEAD';
  /** The token was granted push on this repository. */
  readonly mayPush: boolean;
  /** Aborts when the client has gone, so that a held request ends. */
  readonly signal: AbortSignal;
}

export type PullDecision =
  | {
      readonly kind: 'allow' /** Texts for `Warning: 299` headers. */;
      readonly warnings: readonly string[] /** False when a policy is on: shared caches must not keep it. */;
      readonly cacheable: boolean;
    }
  | {
      readonly kind: 'deny';
      readonly message: string;
      readonly detail: unknown;
      readonly retryAfterSeconds?: number;
    };

/**
 * Asked before any byte of a manifest or blob leaves, and before a conditional request is answered 304. Throws
 * `ContentGoneError` (404) when that was deleted meanwhile; anything else thrown is a 503.
 */
export interface PullGuard {
  decide(request: PullRequest): Promise<PullDecision>;
}

export type PushDecision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'refuse'; readonly message: string; readonly detail: unknown };

export interface TagMove {
  readonly requester: Requester;
  readonly repository: RepositoryRef;
  readonly tag: Tag;
  /** Absent when the tag is new. */
  readonly currentDigest?: Digest;
  /** Absent when the tag is deleted. */
  readonly newDigest?: Digest;
  /** The manifest is by content a signature, attestation or SBOM whose fallback tag this is. */
  readonly isReferrerFallback: boolean;
}

/**
 * Asked inside the transaction that moves or deletes a tag, after the tag's row is locked: check and act are one.
 * Throws: the transaction rolls back and the client gets 503.
 */
export interface PushGuard {
  decideTagMove(transaction: Transaction<Tables>, move: TagMove): Promise<PushDecision>;
}

export interface StoredManifest {
  readonly repository: RepositoryRef;
  readonly requester: Requester;
  readonly digest: Digest;
  readonly kind: 'image' | 'index' | 'artifact';
  readonly tags: readonly Tag[];
}

/** Told inside the transaction that makes a manifest visible, so that what it enqueues lives and dies with the push. */
export interface PushObserver {
  manifestStored(transaction: Transaction<Tables>, stored: StoredManifest): Promise<void>;
}
