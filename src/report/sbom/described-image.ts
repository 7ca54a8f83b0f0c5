import type { Digest } from '../../oci/digest.ts';
import type { Distribution } from '../distribution.ts';
import type { PlacedPackage } from '../package.ts';
import type { Doubt, ScanProblem } from '../scan-state.ts';

/** A package of an inventory with its package URL. */
export interface ListedPackage extends PlacedPackage {
  readonly purl: string;
}

/** An image with its inventory: all that a bill of materials is made of. No findings, so no feed changes it. */
export interface DescribedImage {
  /** What people call it: `namespace/repository`, or the file that it was read from. */
  readonly name: string;
  /** Of the manifest; absent for a plain root file system, which has none. */
  readonly digest?: Digest;
  /** The image ID. */
  readonly configDigest?: string;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  /** Where a registry holds it, without tag; absent for an image that was not read from one. */
  readonly repository?: {
    readonly name: string;
    /** Host, with port where it has one; absent: whichever registry the document lies in. */
    readonly registry?: string;
  };
  /** That named it when the document was asked for. */
  readonly tags: readonly string[];
  readonly distribution?: Distribution;
  /** When the inventory was taken. */
  readonly inspectedAt: Date;
  /** Why only a part of the image could be read; absent: it was read whole. */
  readonly problem?: ScanProblem;
  /** Of the scan; those that are about something else than the inventory are passed over. */
  readonly doubts: readonly Doubt[];
  /** In any order. What the distribution owns is listed too. */
  readonly packages: readonly ListedPackage[];
}

/** What makes a document. */
export interface DocumentMaker {
  /** Version of this program. */
  readonly version: string;
  /** SHA-256 of a text in UTF-8, lower-case hex: pure code has none of its own. */
  readonly hashText: (text: string) => string;
}

export type JsonObject = Readonly<Record<string, unknown>>;
