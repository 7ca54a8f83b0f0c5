import type { Digest } from '../oci/digest.ts';

/** A blob in the store, or a file that no store made. */
export type ListedContent =
  | { readonly kind: 'blob'; readonly key: string; readonly digest: Digest; readonly uploadId: string }
  | { readonly kind: 'foreign'; readonly name: string };

export interface ListedUpload {
  readonly uploadId: string;
  /** When bytes last came in, by the clock of the machine that wrote them. */
  readonly touchedAt: Date;
}

/** What a store has, for collection and checks. A listing is no proof of absence: what changes meanwhile may be missed. */
export interface ContentListing {
  listContent(): AsyncIterable<ListedContent>;
  listUploads(): AsyncIterable<ListedUpload>;
}
