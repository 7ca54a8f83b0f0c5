import type { Database } from '../database/database.ts';
import type { Inventory } from '../inspection/inventory/build-inventory.ts';
import { internPackages } from './intern-packages.ts';
import { matchNewPackages } from './matches/match-new-packages.ts';
import type { StoredPlace } from './reports/image-places.ts';

/** An inventory whose judged packages have ids and are matched. */
export interface InternedInventory {
  /** The judged packages, each once. */
  readonly packageIds: readonly number[];
  /** Of the judged packages. */
  readonly ecosystems: readonly string[];
  readonly places: readonly StoredPlace[];
}

/** Gives the packages of an inventory their ids and matches those that are new; what the distribution owns is only listed. */
export async function internInventory(db: Database, inventory: Inventory): Promise<InternedInventory> {
  const judged = inventory.packages.filter(({ ownedByDistribution }) => !ownedByDistribution);
  const ids = await internPackages(
    db,
    judged.map((placed) => placed.package),
  );
  const idOf = new Map(judged.map((placed, index) => [placed, ids[index]]));
  const packageIds = [...new Set(ids)];
  await matchNewPackages(db, packageIds);
  return {
    packageIds,
    ecosystems: [...new Set(judged.map((placed) => placed.package.ecosystem))].sort(),
    places: inventory.packages.map((placed) => {
      const packageId = idOf.get(placed);
      return { ...placed, ...(packageId === undefined ? {} : { packageId }) };
    }),
  };
}
