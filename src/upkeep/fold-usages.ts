import { foldUsage } from '../catalog/quota.ts';
import type { Database } from '../database/database.ts';

const rowsPerQuery = 5_000;
const queriesMax = 200;

/** Folds the differences that pushes and deletions left into the sums of their namespaces, in short statements. */
export async function foldUsages(db: Database, signal?: AbortSignal): Promise<void> {
  for (let queries = 0; queries < queriesMax && signal?.aborted !== true; queries += 1) {
    if ((await foldUsage(db, rowsPerQuery)) < rowsPerQuery) return;
  }
}
