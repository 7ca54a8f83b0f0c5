import { forgetExpiredSecrets, warnOfExpiringSecrets } from '../accounts/expiring-secrets.ts';
import { forgetEndedLogins } from '../accounts/login-limit.ts';
import { removeStaleUploads } from '../catalog/uploads.ts';
import type { JobHandler, JobSchedule } from '../jobs/queue.ts';
import { settleAbandonedScans } from '../scan/settle-abandoned-scans.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Installation } from './installation.ts';

export const tidyJobKind = 'tidy';
/** Every minute: a scan whose worker died must not look busy for long. */
export const tidySchedule: JobSchedule = { kind: tidyJobKind, cron: '* * * * *' };

const uploadTtlSeconds = 24 * 60 * 60;
const uploadsPerRun = 500;

/** Ends what nobody will end any more: uploads that were given up, scans of dead workers, counts of sign-in tries, expired secrets; warns of those that will. */
export function tidyJob(installation: Installation, store: BlobStore): JobHandler {
  const { db } = installation.connection;
  return async () => {
    await settleAbandonedScans(db);
    await forgetEndedLogins(db);
    await warnOfExpiringSecrets(db);
    await forgetExpiredSecrets(db);
    const uploads = await removeStaleUploads(db, { ttlSeconds: uploadTtlSeconds, limit: uploadsPerRun });
    for (const id of uploads) await store.discard(id);
  };
}
