import { join } from 'node:path';
import { readAhead } from '../../database/read-ahead.ts';
import type { Installation } from '../installation.ts';

/** What searches and lists of vulnerabilities read here and there, first what the first page of them needs. */
const searchedRelations = [
  ...['match_detail', 'epss', 'image_packages', 'image_packages_ids', 'image_packages_pkey'],
  ...['stored_match_packages', 'stored_match_resolved', 'match_detail_vulnerability', 'match_detail_aliases'],
  ...[
    'repository_manifest',
    'repository_manifest_pkey',
    'repository_manifest_manifest',
    'package',
    'package_pkey',
  ],
  ...['package_searched_name', 'match_detail_pkey', 'epss_pkey', 'stored_match_pkey', 'stored_match'],
];

/** A hundred thousand images take three quarters of it. */
const readBytesMax = 1024 ** 3;
/** Of the memory that nobody uses: what is read must not push out what others need. */
const memoryShareMax = 0.25;

/**
 * Reads what searches need beside the first requests of a server, once, so that who searches first does not wait for the disk. Only of the
 * embedded PostgreSQL, whose files lie beside us. Ends when the signal says so.
 */
export async function warmSearches(
  { config, jobsConnection }: Installation,
  signal: AbortSignal,
): Promise<void> {
  if (config.databaseUrl !== undefined) return;
  await readAhead(jobsConnection.db, {
    clusterFolder: join(config.dataFolder, 'postgresql', 'cluster'),
    relations: searchedRelations,
    bytesMax: Math.min(readBytesMax, process.availableMemory() * memoryShareMax),
    signal,
  });
}
