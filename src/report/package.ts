/**
 * A distinct package as the matcher sees it: where it sits in an image is kept apart (`PackagePlace`).
 * Two images that hold the same package share it; in the database it is interned under an integer id.
 */
export interface Package {
  /** OSV ecosystem without suffix: `Alpine`, `Debian`, `npm`, … */
  readonly ecosystem: string;
  /** The distribution's release as OSV writes it after the colon (`v3.4`, `12`); empty for language packages. */
  readonly release: string;
  readonly name: string;
  readonly version: string;
  /** Source package that advisories of a distribution name; equals `name` where there is none. */
  readonly sourceName: string;
  /** Version of the source package; equals `version` where there is none. */
  readonly sourceVersion: string;
  /** Module stream of an rpm, else empty. */
  readonly module: string;
}

/** Where a package was found in an image. */
export interface PackagePlace {
  readonly layerDigest: string;
  readonly layerIndex: number;
  /** Path of the file that names the package, without a leading slash; nested archives as `a.jar > b.jar`. */
  readonly path: string;
  /** Command of the build history that made the layer; absent when the config has none. */
  readonly createdBy?: string;
}

export interface PlacedPackage {
  readonly package: Package;
  readonly place: PackagePlace;
  /** True of a language package that the distribution's package manager installed: only the distribution's advisories judge it. */
  readonly ownedByDistribution: boolean;
  /**
   * Of a package of the distribution, as its manager writes them; several where it is installed for each. No part of what
   * a package is: advisories are for all of them. Absent: not recorded.
   */
  readonly architectures?: readonly string[];
  /** What the package itself says of its licence, in its own words and often wrong. Absent: not recorded. */
  readonly license?: string;
}
