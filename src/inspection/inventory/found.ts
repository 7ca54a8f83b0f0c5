import type { PackageManager } from './package-managers.ts';

/** A package as one file of one layer names it; what distribution it belongs to is known only when the layers are merged. */
export interface FoundPackage {
  readonly kind: 'package';
  readonly manager: PackageManager;
  readonly name: string;
  /** Empty when the file gives none: it then compares as undetermined with every advisory. */
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  /** As the package manager writes it (`x86_64`, `amd64`, `noarch`); absent where it records none. */
  readonly architecture?: string;
  /** As the package declares it (`declaredLicense()`); absent where it declares none, or its manager records none. */
  readonly license?: string;
  /** When the package was built, ISO 8601; absent when its manager does not record it. */
  readonly builtAt?: string;
  /** Module stream of an rpm; absent for everything else. */
  readonly module?: string;
  /** Where in the file, of a package in an archive: `lib/x.jar`, in archives within it `lib/x.jar > y.jar`. */
  readonly innerPath?: string;
  /** SHA-1 of the archive that is the package, in hex: tables of published archives name it by that. */
  readonly sha1?: string;
  /** Name or version were put together from names, so advisories may know it under others; a doubt of the image. */
  readonly isGuessed?: true;
  /** A lock file asks for it, so it may not be installed; absent for what is installed. */
  readonly evidence?: 'locked';
}

/** What a release file says; fields that it does not have are empty. */
export interface FoundRelease extends NamedRelease {
  readonly kind: 'release';
  readonly source: 'os-release' | 'lsb-release' | 'alpine-release' | 'debian-version' | 'system-release';
}

/** What a distribution calls itself; each may be empty. */
export interface NamedRelease {
  readonly id: string;
  readonly versionId: string;
  readonly prettyName: string;
}

/** A language package's file that the distribution's package manager installed; no leading slash. */
export interface FoundOwnedPath {
  readonly kind: 'owned-path';
  readonly path: string;
}

/** Part of a package database or release file that makes no sense: the image may hold more than was found. */
export interface FoundUnreadable {
  readonly kind: 'unreadable';
  /** One sentence for people, without a full stop. */
  readonly reason: string;
}

/** What extractors find in a file. Plain JSON: it is stored with the layer's report. */
export type Found = FoundPackage | FoundRelease | FoundOwnedPath | FoundUnreadable;
