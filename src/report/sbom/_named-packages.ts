import { type DeclaredLicense, licenseReader } from './_declared-license.ts';
import type { DescribedImage, DocumentMaker, ListedPackage } from './described-image.ts';

/** A package under the name that other parts of the document refer to it by. */
export interface NamedPackage extends Omit<ListedPackage, 'license'> {
  /** Unique in the document and the same in every document of the same image: letters, digits, dots and dashes. */
  readonly reference: string;
  /** What it declares; absent: not recorded. */
  readonly license?: DeclaredLicense;
}

const shownLengthMax = 60;
const keyLength = 16;

/** The packages in an order that depends on nothing but themselves. */
export function namedPackages(
  { packages }: DescribedImage,
  { hashText }: DocumentMaker,
): readonly NamedPackage[] {
  const keyed = packages
    .map((listed) => ({ listed, identity: identityOf(listed) }))
    .sort((a, b) => byNameAndPlace(a.listed, b.listed) || compareText(a.identity, b.identity));
  const readLicense = licenseReader();
  const seen = new Map<string, number>();
  return keyed.map(({ listed: { license, ...listed }, identity }) => {
    const shown = listed.package.name.replace(/[^A-Za-z0-9.]+/g, '-').slice(0, shownLengthMax);
    const reference = `${shown}-${hashText(identity).slice(0, keyLength)}`;
    const count = (seen.get(reference) ?? 0) + 1;
    seen.set(reference, count);
    return {
      ...listed,
      reference: count === 1 ? reference : `${reference}-${count}`,
      ...(license === undefined ? {} : { license: readLicense(license) }),
    };
  });
}

function identityOf({ purl, package: installed, place }: ListedPackage): string {
  const { ecosystem, release, name, version, sourceName, sourceVersion, module } = installed;
  const what = [ecosystem, release, name, version, sourceName, sourceVersion, module];
  return JSON.stringify([purl, ...what, place.layerIndex, place.layerDigest, place.path]);
}

function byNameAndPlace(a: ListedPackage, b: ListedPackage): number {
  return (
    compareText(a.package.name, b.package.name) ||
    compareText(a.package.version, b.package.version) ||
    a.place.layerIndex - b.place.layerIndex ||
    compareText(a.place.path, b.place.path)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
