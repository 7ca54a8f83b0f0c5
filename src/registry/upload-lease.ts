import { randomUUID } from 'node:crypto';
import { leaseSeconds, leaseUpload, releaseUpload, type UploadKey } from '../catalog/uploads.ts';
import { UploadBusyError } from '../storage/blob-errors.ts';
import type { RegistryParts } from './dependencies.ts';
import { type Refusal, refusals } from './errors.ts';

/**
 * Runs `work` as the only one that works on the upload, over all replicas, and records afterwards how far the upload is.
 * The lease is renewed while the work goes on; `signal` aborts when it is lost, and `lease` proves it in a transaction.
 */
export async function withUpload<Result>(
  parts: RegistryParts,
  upload: UploadKey,
  work: (held: { readonly lease: string; readonly signal: AbortSignal }) => Promise<Result>,
): Promise<Result | Refusal> {
  const { db } = parts.connection;
  const lease = randomUUID();
  const leased = await leaseUpload(db, upload, lease);
  if (leased === 'unknown') return refusals.uploadUnknown();
  if (leased === 'busy') return refusals.uploadBusy();
  const lost = new AbortController();
  const renewal = setInterval(
    () => {
      leaseUpload(db, upload, lease).then(
        (renewed) => {
          if (renewed !== 'leased') lost.abort();
        },
        () => lost.abort(),
      );
    },
    (leaseSeconds * 1000) / 3,
  );
  try {
    return await work({ lease, signal: lost.signal });
  } catch (error) {
    if (error instanceof UploadBusyError) return refusals.uploadBusy();
    throw error;
  } finally {
    clearInterval(renewal);
    const offsetBytes = await parts.store.uploadSize(upload.id);
    await releaseUpload(db, { id: upload.id, lease, offsetBytes: offsetBytes ?? 0 });
  }
}
