import { type Checked, checkIntegrity, type IntegrityReport } from '../../upkeep/check-integrity.ts';
import type { Collected } from '../../upkeep/collected.ts';
import { GarbageCollector } from '../../upkeep/garbage-collector.ts';
import { failpointReacher } from '../failpoints.ts';
import type { Installation } from '../installation.ts';
import { openBlobStore } from '../wiring/wire-blobs.ts';

/** Frees everything that nothing holds, or says what that would be; beside running servers. */
export async function collectGarbage(
  { config, connection: { db } }: Installation,
  options: { readonly isDryRun: boolean },
): Promise<Collected> {
  const store = await openBlobStore(config);
  const reach = failpointReacher(config.failpoint);
  const { uploadTtlSeconds } = config;
  const collector = new GarbageCollector({
    db,
    store,
    uploadTtlSeconds,
    ...(reach === undefined ? {} : { reach }),
  });
  return options.isDryRun ? await collector.estimate() : await collector.collectAll();
}

/** Checks what is stored; beside running servers. */
export async function checkInstallation(
  { config, connection: { db } }: Installation,
  options: { readonly isDeep: boolean; readonly onProgress: (checked: Checked) => void },
): Promise<IntegrityReport> {
  return await checkIntegrity({ db, store: await openBlobStore(config), ...options });
}
