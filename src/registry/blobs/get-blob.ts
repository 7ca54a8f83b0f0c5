import type { OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { pinBlob } from '../../catalog/blobs.ts';
import type { Digest } from '../../oci/digest.ts';
import { BlobMissingError } from '../../storage/blob-errors.ts';
import type { BlobReader, OpenBlob } from '../../storage/blob-store.ts';
import { askPullGuard, matchesETag } from '../ask-guard.ts';
import { type Access, authorize, repositoryUnknown } from '../authorize.ts';
import type { RegistryCall } from '../dependencies.ts';
import { type Refusal, refusals, refuse } from '../errors.ts';
import type { FullName } from '../parse-path.ts';
import { type ByteRange, parseRange } from './parse-range.ts';
import { sendBlob } from './send-blob.ts';

/** GET and HEAD of a blob (distribution-spec v1.1 spec.md#pulling-blobs), with ranges and conditions, after the guard. */
export async function getBlob(
  call: RegistryCall,
  asked: { readonly name: FullName; readonly digest: Digest },
): Promise<FastifyReply> {
  const { parts, request, reply } = call;
  const { name, digest } = asked;
  const access = await authorizeBlob(call, asked);
  if (access.kind === 'refused') return refuse(reply, access);
  if (access.repository === undefined) return refuse(reply, repositoryUnknown(name));
  const { blob } = access.situation;
  if (blob === undefined) return refuse(reply, blobUnknown(asked));
  const method = request.method === 'HEAD' ? 'HEAD' : 'GET';
  const refused = await askPullGuard({
    guard: parts.pullGuard,
    access,
    repository: access.repository,
    target: { kind: 'blob', digest: blob.digest },
    method,
    reply,
  });
  if (refused !== undefined) return refuse(reply, refused);
  const etag = `"${digest}"`;
  if (matchesETag(request.headers['if-none-match'], etag)) {
    return reply.header('etag', etag).header('docker-content-digest', digest).code(304).send();
  }
  const range = wantedRange(call, { etag, sizeBytes: blob.sizeBytes });
  if (method === 'HEAD') return await answerHead(call, { access, digest, etag });
  if (range.kind === 'unsatisfiable') {
    const message = `Cannot send the range: it must lie within ${blob.sizeBytes} bytes`;
    return refuse(reply, refusals.rangeNotSatisfiable(message, blob.sizeBytes));
  }
  const bytes = await openBytes(call, { ...asked, blob, range });
  if (bytes === undefined) return refuse(reply, refusals.unavailable(call.request.id));
  const { start, end } = range.kind === 'part' ? range : { start: 0, end: blob.sizeBytes - 1 };
  if (range.kind === 'part') {
    reply.code(206).header('content-range', `bytes ${start}-${end}/${blob.sizeBytes}`);
  }
  blobHeaders(reply, { digest, etag }).header('content-length', end - start + 1);
  return bytes.kind === 'stream'
    ? reply.send(bytes.stream)
    : await sendOpen(call, bytes.opened, { start, end, digest });
}

/** Past Fastify, whose streams cost more than reading and sending the bytes do. */
async function sendOpen(
  { parts, request, reply }: RegistryCall,
  opened: OpenBlob,
  asked: { readonly start: number; readonly end: number; readonly digest: Digest },
): Promise<FastifyReply> {
  const { start, end, digest } = asked;
  const begin = () => {
    reply.hijack();
    // Fastify types the names of headers more narrowly than Node does.
    return reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
  };
  const result = await sendBlob(opened, { start, end, begin, buffers: parts.sendBuffers });
  if (result.kind === 'broken') {
    const { atBytes, error } = result;
    request.log.error({ err: error, digest, atBytes }, 'cut an answer: a stored blob ended or failed');
  }
  return reply;
}

async function authorizeBlob(
  call: RegistryCall,
  asked: { readonly name: FullName; readonly digest: Digest },
): Promise<Access | Refusal> {
  return await authorize({
    request: call.request,
    credentials: call.credentials,
    name: asked.name,
    action: 'pull',
    lookup: { blobDigest: asked.digest },
    challenges: call.parts.challenges,
    readSituation: call.parts.readSituation,
    denials: call.parts.login.denials,
  });
}

export function blobUnknown(asked: { readonly name: FullName; readonly digest: Digest }): Refusal {
  return refusals.blobUnknown(
    `Cannot find the blob "${asked.digest}" in "${asked.name.full}": it must have been pushed there`,
  );
}

/**
 * To whoever may push, 200 means "need not be sent again": so the bytes must really be there, and stay. When they are
 * not, 404 makes the client send them, which repairs the copy.
 */
async function answerHead(
  call: RegistryCall,
  asked: { readonly access: Access; readonly digest: Digest; readonly etag: string },
): Promise<FastifyReply> {
  const { parts, reply } = call;
  const { access, digest } = asked;
  const { blob } = access.situation;
  if (blob === undefined || access.repository === undefined) throw new Error('answerHead needs a blob');
  const storedBytes = await parts.store.size(blob.storageKey);
  if (storedBytes !== blob.sizeBytes && !(await stillRead(call, asked))) {
    return refuse(reply, blobUnknown({ name: access.name, digest }));
  }
  if (access.mayPush) {
    const { repositoryId } = access.repository;
    const isPinned = await pinBlob(parts.connection.db, { repositoryId, digest: blob.digest });
    if (!isPinned) return refuse(reply, blobUnknown({ name: access.name, digest }));
  }
  return blobHeaders(reply, asked).header('content-length', blob.sizeBytes).send();
}

/** A push of the same digest may have replaced the copy since it was looked up. */
async function stillRead(
  call: RegistryCall,
  asked: { readonly access: Access; readonly digest: Digest },
): Promise<boolean> {
  const again = await authorizeBlob(call, { name: asked.access.name, digest: asked.digest });
  if (again.kind === 'refused' || again.situation.blob === undefined) return false;
  const { sizeBytes, storageKey } = again.situation.blob;
  return (await call.parts.store.size(storageKey)) === sizeBytes;
}

function wantedRange(
  call: RegistryCall,
  content: { readonly etag: string; readonly sizeBytes: number },
): ByteRange {
  const condition = call.request.headers['if-range'];
  if (condition !== undefined && condition !== content.etag) return { kind: 'all' };
  return parseRange(call.request.headers.range, content.sizeBytes);
}

type BlobBytes =
  | { readonly kind: 'opened'; readonly opened: OpenBlob }
  | { readonly kind: 'stream'; readonly stream: Readable };

/** Undefined when the stored bytes are gone or have another length: damaged content is never served (threats.md F18). */
async function openBytes(
  call: RegistryCall,
  asked: {
    readonly name: FullName;
    readonly digest: Digest;
    readonly blob: { readonly sizeBytes: number; readonly storageKey: string };
    readonly range: Exclude<ByteRange, { kind: 'unsatisfiable' }>;
  },
): Promise<BlobBytes | undefined> {
  let { blob } = asked;
  for (let tries = 1; tries <= 2; tries += 1) {
    const bytes = await openWhole(call.parts.store, { ...blob, range: asked.range });
    if (bytes !== undefined) return bytes;
    const again = await authorizeBlob(call, asked);
    if (again.kind === 'refused' || again.situation.blob === undefined) return undefined;
    blob = again.situation.blob;
  }
  call.request.log.error(
    { digest: asked.digest, key: blob.storageKey },
    'a stored blob is missing or damaged',
  );
  return undefined;
}

/** Undefined unless as many bytes are stored as the blob has. */
async function openWhole(
  store: BlobReader,
  wanted: {
    readonly sizeBytes: number;
    readonly storageKey: string;
    readonly range: Exclude<ByteRange, { kind: 'unsatisfiable' }>;
  },
): Promise<BlobBytes | undefined> {
  const { sizeBytes, storageKey, range } = wanted;
  try {
    if (store.openBlob !== undefined) {
      const opened = await store.openBlob(storageKey);
      if (opened.sizeBytes === sizeBytes) return { kind: 'opened', opened };
      await opened.close();
      return undefined;
    }
    if ((await store.size(storageKey)) !== sizeBytes) return undefined;
    return {
      kind: 'stream',
      stream: await store.read(storageKey, range.kind === 'part' ? range : undefined),
    };
  } catch (error) {
    if (error instanceof BlobMissingError) return undefined;
    throw error;
  }
}

function blobHeaders(
  reply: FastifyReply,
  content: { readonly digest: Digest; readonly etag: string },
): FastifyReply {
  // What a client pushed is never rendered from our origin (threats.md E1).
  return reply
    .header('content-type', 'application/octet-stream')
    .header('docker-content-digest', content.digest)
    .header('etag', content.etag)
    .header('accept-ranges', 'bytes')
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', 'sandbox');
}
