import { randomUUID } from 'node:crypto';
import {
  abandonLease,
  leaseSeconds,
  leaseUpload,
  releaseUpload,
  renewLease,
  type UploadKey,
} from '../../catalog/uploads.ts';
import { UploadBusyError, UploadMissingError } from '../../storage/blob-errors.ts';
import type { RegistryParts } from '../dependencies.ts';
import { type Refusal, refusals } from '../errors.ts';

/**
 * Runs `work` as the only one that works on the upload, over all replicas, and records afterwards how far the upload is.
 * The lease is renewed while the work goes on; `signal` aborts when it is lost, and `lease` proves it in a transaction.
 * The lease of a process that died is free at once.
 */
export async function withUpload<Result>(
  parts: RegistryParts,
  upload: UploadKey,
  work: (held: { readonly lease: string; readonly signal: AbortSignal }) => Promise<Result>,
): Promise<Result | Refusal> {
  const { db } = parts.connection;
  const lease = randomUUID();
  const leased = await leaseUpload(db, upload, { lease, holder: parts.instance });
  if (leased === 'unknown') return refusals.uploadUnknown();
  if (leased === 'busy') return refusals.uploadBusy();
  if (leased === 'taken-over') {
    const refused = await takeOver(parts, { id: upload.id, lease });
    if (refused !== undefined) return refused;
  }
  const lost = new AbortController();
  const renewal = setInterval(
    () => {
      renewLease(db, { id: upload.id, lease }).then(
        (isHeld) => {
          if (!isHeld) lost.abort();
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
    // A store that cannot tell must not keep the lease.
    const offsetBytes = await parts.store.uploadSize(upload.id).catch(() => undefined);
    await releaseUpload(db, { id: upload.id, lease, offsetBytes });
  }
}

/** Its last holder, if it lives, must not reach the bytes any more. An upload that is no longer there is seen later. */
async function takeOver(
  parts: RegistryParts,
  upload: { readonly id: string; readonly lease: string },
): Promise<Refusal | undefined> {
  try {
    await parts.store.takeOver(upload.id);
    return undefined;
  } catch (error) {
    if (error instanceof UploadMissingError) return undefined;
    // Not given back: whoever comes next must take it over, too.
    await abandonLease(parts.connection.db, upload);
    if (error instanceof UploadBusyError) return refusals.uploadBusy();
    throw error;
  }
}
