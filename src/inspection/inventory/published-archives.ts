import type { PlacedPackage } from '../../report/package.ts';
import type { Doubt } from '../../report/scan-state.ts';
import type { Inventory } from './build-inventory.ts';

/** A Java archive as its publisher named it. */
export interface PublishedArchive {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

/** Knows published archives by the SHA-1 of their bytes. */
export interface PublishedArchives {
  /** Undefined for one that it does not know; `sha1` in hex. Throws when it cannot be read. */
  archiveOf(sha1: string): PublishedArchive | undefined;
}

/** A Java archive among the packages of an inventory. */
export interface FoundArchive {
  /** Of `Inventory.packages`. */
  readonly index: number;
  /** Of its bytes, in hex. */
  readonly sha1: string;
  /** Put together from names, because Maven did not describe it. */
  readonly isGuessed: boolean;
}

export const guessedArchiveDoubt: Doubt = {
  code: 'guessed-archive',
  message: 'A Java archive does not say which artifact it is: advisories may know it under another name',
};

/**
 * Gives the archives of an inventory the names under which they were published, and takes the doubt when no guess is left.
 * It acts on an inventory, not on the reports of layers, so that another table reaches images whose layers were read
 * before, with their next scan.
 */
export function nameArchives(inventory: Inventory, published: PublishedArchives | undefined): Inventory {
  const { archives = [] } = inventory;
  if (published === undefined || archives.length === 0) return inventory;
  const packages = [...inventory.packages];
  let guesses = 0;
  for (const { index, sha1, isGuessed } of archives) {
    const placed = packages[index];
    const known = published.archiveOf(sha1);
    if (placed === undefined || known === undefined) {
      guesses += Number(isGuessed);
      continue;
    }
    const named = withName(placed, known);
    // Maven described something else in it, which was put into it and is there too.
    if (!isGuessed && named.package.name !== placed.package.name) packages.push(named);
    else packages[index] = named;
  }
  const doubts =
    guesses > 0 ? inventory.doubts : inventory.doubts.filter(({ code }) => code !== guessedArchiveDoubt.code);
  return { ...inventory, packages, doubts };
}

function withName(placed: PlacedPackage, { group, artifact, version }: PublishedArchive): PlacedPackage {
  const name = `${group}:${artifact}`;
  return {
    ...placed,
    package: { ...placed.package, name, version, sourceName: name, sourceVersion: version },
  };
}
