import type { Database } from '../database/database.ts';
import type { BlobReader } from '../storage/blob-store.ts';
import type { ContentListing } from '../storage/content-listing.ts';
import { checkImmutableTags, checkManifests, checkReferences, checkScans } from './_catalog-checks.ts';
import { checkBlobs, checkFiles, checkLeftovers } from './_content-checks.ts';
import { checkUsages } from './_usage-checks.ts';
import type { Breach } from './breach.ts';

export interface IntegrityOptions {
  readonly db: Database;
  readonly store: BlobReader & ContentListing;
  /** Reads and hashes every blob instead of comparing its length only. */
  readonly isDeep: boolean;
  readonly onProgress?: (checked: Checked) => void;
}

/** How much was looked at. */
export interface Checked {
  readonly blobs: number;
  readonly blobBytes: number;
  readonly files: number;
  readonly manifests: number;
}

export interface IntegrityReport {
  readonly checked: Checked;
  /** At most 1,000 of each level. */
  readonly breaches: readonly Breach[];
  readonly brokenCount: number;
  readonly reclaimableCount: number;
  readonly deletedCount: number;
}

const breachesPerLevelMax = 1_000;
const progressEvery = 100;

/**
 * Checks what the registry promises of what it holds (threats.md §3: INV1, 2, 3, 5, 6, 7, 8), beside running servers;
 * it changes nothing. INV4 is a promise to clients.
 */
export async function checkIntegrity(options: IntegrityOptions): Promise<IntegrityReport> {
  const checked = { blobs: 0, blobBytes: 0, files: 0, manifests: 0 };
  const breaches: Breach[] = [];
  const counts = { broken: 0, reclaimable: 0, deleted: 0 };
  const onChecked = (kind: 'blobs' | 'files', sizeBytes: number) => {
    checked[kind] += 1;
    checked.blobBytes += sizeBytes;
    if (checked[kind] % progressEvery === 0) options.onProgress?.({ ...checked });
  };
  const content = { db: options.db, store: options.store, isDeep: options.isDeep, onChecked };
  const note = (breach: Breach) => {
    counts[breach.level] += 1;
    if (counts[breach.level] <= breachesPerLevelMax) breaches.push(breach);
  };
  const manifests = checkManifests(options.db);
  for (let step = await manifests.next(); ; step = await manifests.next()) {
    if (step.done === true) {
      checked.manifests = step.value;
      break;
    }
    note(step.value);
  }
  const checks = [
    checkReferences(options.db),
    checkScans(options.db),
    checkImmutableTags(options.db),
    checkUsages(options.db),
    checkBlobs(content),
    checkFiles(content),
    checkLeftovers(content),
  ];
  for (const check of checks) {
    for await (const breach of check) note(breach);
  }
  return {
    checked,
    breaches,
    brokenCount: counts.broken,
    reclaimableCount: counts.reclaimable,
    deletedCount: counts.deleted,
  };
}
