import { randomUUID } from 'node:crypto';
import { addAbortSignal } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { holdRepository, storeBlob } from '../../catalog/blobs.ts';
import { closeUpload, isUpload, openUpload, type UploadKey } from '../../catalog/uploads.ts';
import { type Digest, isDigestAlgorithm, parseDigest } from '../../oci/digest.ts';
import { UploadMissingError } from '../../storage/blob-errors.ts';
import { admittedBody, QuotaExceededError, refuseOverQuota, stopReadingAfter } from '../admit-bytes.ts';
import { type Access, authorize } from '../authorize.ts';
import type { RegistryCall } from '../dependencies.ts';
import { type Refusal, refusals, refuse } from '../errors.ts';
import { repositoryToPush } from '../manifests/receive-manifest.ts';
import { type FullName, invalidDigest, parseFullName } from '../parse-path.ts';
import { mountBlob, mountScope } from './mount-blob.ts';
import { parseContentRange } from './parse-range.ts';
import { storedDigests } from './stored-digests.ts';
import { withUpload } from './upload-lease.ts';

const uploadIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** POST: mounts a blob, takes one whole, or opens an upload (distribution-spec v1.1 spec.md#pushing-blobs). */
export async function startUpload(call: RegistryCall, name: FullName): Promise<FastifyReply> {
  const { parts, reply, query } = call;
  const mountSource = query.has('mount') ? parseFullName(query.get('from') ?? '') : undefined;
  const access = await authorizePush(call, name, mountSource);
  if (access.kind === 'refused') return refuse(reply, access);
  const accountId = access.requester.accountId;
  if (accountId === undefined) throw new Error('The right to push needs an account');
  const mount = query.get('mount');
  if (mount !== null) {
    const digest = parseDigest(mount);
    if (digest === undefined) return refuse(reply, invalidDigest(mount));
    const mounted = await mountBlob(call, { access, digest, from: query.get('from') });
    if (mounted.kind === 'refused') return refuse(reply, mounted);
    if (mounted.kind === 'mounted') return sendCreated(reply, { name, digest });
  }
  const algorithm = query.get('digest-algorithm');
  if (algorithm !== null && !isDigestAlgorithm(algorithm))
    return refuse(reply, unsupportedAlgorithm(algorithm));
  const wanted = query.get('digest');
  const digest = wanted === null ? undefined : parseDigest(wanted);
  if (wanted !== null && digest === undefined) return refuse(reply, invalidDigest(wanted));
  const repository = await repositoryToPush(call, access);
  const upload: UploadKey = { id: randomUUID(), repositoryId: repository.repositoryId, accountId };
  // The file first: an upload that a client was told of always has one.
  await parts.store.create(upload.id);
  if (!(await openUpload(parts.connection.db, upload, parts.openUploadsMax))) {
    await parts.store.discard(upload.id);
    return refuse(stopReadingAfter(reply), refusals.tooManyUploads(name.namespace));
  }
  parts.reach?.('upload.opened');
  if (digest === undefined || mount !== null) {
    return uploadHeaders(reply, { name, uploadId: upload.id, sizeBytes: 0 }).code(202).send();
  }
  const refused = await withUpload(parts, upload, async (held) => {
    const appended = await appendBody(call, { access, upload, ...held });
    if (typeof appended !== 'number') return appended;
    const committed = await commit(call, { upload, digest, lease: held.lease });
    if (committed !== undefined) await discard(call, { upload, lease: held.lease });
    return committed;
  });
  return refused === undefined
    ? sendCreated(reply, { name, digest })
    : refuse(stopReadingAfter(reply), refused);
}

/** PATCH, PUT, GET and DELETE of an upload; only by the account that opened it, in its repository (threats.md A4). */
export async function continueUpload(
  call: RegistryCall,
  asked: { readonly name: FullName; readonly uploadId: string },
): Promise<FastifyReply> {
  const { parts, request, reply } = call;
  const { name, uploadId } = asked;
  const access = await authorizePush(call, name);
  if (access.kind === 'refused') return refuse(reply, access);
  const accountId = access.requester.accountId;
  if (!uploadIdPattern.test(uploadId) || access.repository === undefined || accountId === undefined) {
    return refuse(reply, refusals.uploadUnknown());
  }
  const upload: UploadKey = { id: uploadId, repositoryId: access.repository.repositoryId, accountId };
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return await showUpload(call, { name, upload });
    case 'DELETE': {
      const refused = await withUpload(parts, upload, (held) => discard(call, { upload, lease: held.lease }));
      return refused === undefined ? reply.code(204).send() : refuse(reply, refused);
    }
    case 'PATCH': {
      const sizeBytes = await withUpload(parts, upload, (held) =>
        appendBody(call, { access, upload, ...held }),
      );
      if (typeof sizeBytes !== 'number') return refuse(stopReadingAfter(reply), sizeBytes);
      parts.reach?.('upload.recorded');
      return uploadHeaders(reply, { name, uploadId, sizeBytes }).code(202).send();
    }
    case 'PUT':
      return await finishUpload(call, { access, upload });
    default:
      return refuse(reply, refusals.unsupported(`Cannot ${request.method} an upload`));
  }
}

/** spec.md#pushing-a-blob-in-chunks: the algorithm of the digest to come; both are worked out in any case. */
function unsupportedAlgorithm(algorithm: string): Refusal {
  return refusals.digestInvalid(
    `Cannot open an upload for the algorithm "${algorithm.slice(0, 50)}": it must be sha256 or sha512`,
  );
}

async function showUpload(
  call: RegistryCall,
  asked: { readonly name: FullName; readonly upload: UploadKey },
): Promise<FastifyReply> {
  const { parts, reply } = call;
  const { name, upload } = asked;
  const sizeBytes = (await isUpload(parts.connection.db, upload))
    ? await parts.store.uploadSize(upload.id)
    : undefined;
  if (sizeBytes === undefined) return refuse(reply, refusals.uploadUnknown());
  return uploadHeaders(reply, { name, uploadId: upload.id, sizeBytes }).code(204).send();
}

async function finishUpload(
  call: RegistryCall,
  asked: { readonly access: Access; readonly upload: UploadKey },
): Promise<FastifyReply> {
  const { reply, query, request } = call;
  const { access, upload } = asked;
  const { name } = access;
  const wanted = query.get('digest') ?? '';
  const digest = parseDigest(wanted);
  if (digest === undefined) return refuse(reply, invalidDigest(wanted));
  const hasBody =
    request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? '0') > 0;
  const refused = await withUpload(call.parts, upload, async (held) => {
    if (hasBody) {
      const appended = await appendBody(call, { access, upload, ...held });
      if (typeof appended !== 'number') return appended;
    }
    return await commit(call, { upload, digest, lease: held.lease });
  });
  return refused === undefined
    ? sendCreated(reply, { name, digest })
    : refuse(stopReadingAfter(reply), refused);
}

/** A mount's source is named in the challenge, so that one token will do for both. */
async function authorizePush(
  call: RegistryCall,
  name: FullName,
  mountSource?: FullName,
): Promise<Access | Refusal> {
  return await authorize({
    request: call.request,
    credentials: call.credentials,
    name,
    action: 'push',
    ...(mountSource === undefined
      ? {}
      : { scope: mountScope({ target: name.full, source: mountSource.full }) }),
    challenges: call.parts.challenges,
    readSituation: call.parts.readSituation,
    denials: call.parts.login.denials,
  });
}

/** Appends the request's body at the end of the upload, where its Content-Range must begin; returns the new size. */
async function appendBody(
  call: RegistryCall,
  asked: {
    readonly access: Access;
    readonly upload: UploadKey;
    readonly signal: AbortSignal;
    readonly lease: string;
  },
): Promise<number | Refusal> {
  const { parts, request } = call;
  const { access, upload } = asked;
  const { name } = access;
  const currentBytes = await parts.store.uploadSize(upload.id);
  if (currentBytes === undefined) return refusals.uploadUnknown();
  const header = request.headers['content-range'];
  const range = header === undefined ? undefined : parseContentRange(header);
  if (header !== undefined && range?.start !== currentBytes) {
    return refusals.chunkOutOfOrder(
      `Cannot append "${header.slice(0, 60)}": the range must begin at ${currentBytes}`,
      uploadHeaderValues({ name, uploadId: upload.id, sizeBytes: currentBytes }),
    );
  }
  const lengthBytes = request.headers['content-length'];
  const rangeBytes = range === undefined ? undefined : range.end - range.start + 1;
  if (rangeBytes !== undefined && lengthBytes !== undefined && Number(lengthBytes) !== rangeBytes) {
    return refusals.sizeInvalid(
      `Cannot append the chunk: its Content-Length must be ${rangeBytes} as its Content-Range says, got ${lengthBytes}`,
    );
  }
  const source = addAbortSignal(asked.signal, request.raw);
  let sizeBytes: number;
  try {
    const body = await admittedBody(call, { access, uploadId: upload.id, startBytes: currentBytes, source });
    sizeBytes = await parts.store.append(upload.id, currentBytes, body);
  } catch (error) {
    if (!(error instanceof QuotaExceededError)) throw error;
    // A refused push leaves nothing that counts.
    await discard(call, { upload, lease: asked.lease });
    return await refuseOverQuota(call, { access, over: error.over });
  }
  if (rangeBytes !== undefined && sizeBytes - currentBytes !== rangeBytes) {
    return refusals.sizeInvalid(
      `Cannot append the chunk: it must have ${rangeBytes} bytes as its Content-Range says, got ${sizeBytes - currentBytes}`,
    );
  }
  return sizeBytes;
}

/**
 * Durable first, then visible: the store has hashed, synced and renamed the bytes when the transaction begins, and the
 * client hears 201 when it has ended. A crash in between leaves a file that nothing refers to, and a repeated PUT works.
 */
async function commit(
  call: RegistryCall,
  asked: { readonly upload: UploadKey; readonly digest: Digest; readonly lease: string },
): Promise<Refusal | undefined> {
  const { store, connection } = call.parts;
  const { upload, digest, lease } = asked;
  const committed = await store.commit(upload.id, digest).catch((error: unknown) => {
    if (error instanceof UploadMissingError) return undefined;
    throw error;
  });
  if (committed === undefined) return refusals.uploadUnknown();
  if (committed.kind === 'mismatch') {
    return refusals.digestInvalid(
      `Cannot store the blob as "${digest}": it must hash to that, got "${committed.actual}"`,
    );
  }
  const { key: storageKey, sizeBytes } = committed;
  call.parts.reach?.('blob.durable');
  const digests = await storedDigests(store, { key: storageKey, sizeBytes, digest });
  const { repositoryId } = upload;
  const stored = await connection.db.transaction().execute(async (transaction) => {
    await holdRepository(transaction, repositoryId);
    if (!(await closeUpload(transaction, { id: upload.id, lease }))) return undefined;
    return await storeBlob(transaction, { ...digests, repositoryId, sizeBytes, storageKey });
  });
  if (stored === undefined) {
    return (await isUpload(connection.db, upload)) ? refusals.uploadBusy() : refusals.uploadUnknown();
  }
  call.parts.reach?.('blob.recorded');
  for (const replacedKey of stored.replacedKeys) {
    await store.delete(replacedKey).catch((error: unknown) => {
      call.request.log.warn({ err: error, key: replacedKey }, 'cannot delete a replaced copy of a blob');
    });
  }
  return undefined;
}

async function discard(
  call: RegistryCall,
  asked: { readonly upload: UploadKey; readonly lease: string },
): Promise<undefined> {
  // Whoever took the upload over meanwhile keeps it.
  if (await closeUpload(call.parts.connection.db, { id: asked.upload.id, lease: asked.lease })) {
    await call.parts.store.discard(asked.upload.id);
  }
}

function sendCreated(
  reply: FastifyReply,
  blob: { readonly name: FullName; readonly digest: Digest },
): FastifyReply {
  return reply
    .code(201)
    .header('location', `/v2/${blob.name.full}/blobs/${blob.digest}`)
    .header('docker-content-digest', blob.digest)
    .send();
}

interface UploadState {
  readonly name: FullName;
  readonly uploadId: string;
  readonly sizeBytes: number;
}

function uploadHeaders(reply: FastifyReply, state: UploadState): FastifyReply {
  for (const [name, value] of Object.entries(uploadHeaderValues(state))) reply.header(name, value);
  return reply;
}

/** `Range` names the last byte; of an empty upload it is `0-0`, as the CNCF distribution has it. */
function uploadHeaderValues(state: UploadState): Readonly<Record<string, string>> {
  return {
    location: `/v2/${state.name.full}/blobs/uploads/${state.uploadId}`,
    range: `0-${Math.max(0, state.sizeBytes - 1)}`,
    'docker-upload-uuid': state.uploadId,
  };
}
