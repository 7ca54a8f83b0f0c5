import { expect } from 'vitest';
import { digestAlgorithm } from '../../src/oci/digest.ts';
import type { Answer, SendOptions } from '../../src/testing/registry-client.ts';
import type { Repository, TestBlob } from './target.ts';

const octets = { 'content-type': 'application/octet-stream' };

/** Pushes a blob in one of the ways of spec.md#pushing-blobs; returns the answer that ends it. */
export type PushStyle = (to: Repository, blob: TestBlob) => Promise<Answer>;

export const pushStyles: Readonly<Record<string, PushStyle>> = {
  // spec.md#single-post
  'one POST': async (to, { bytes, digest }) =>
    await to.client.send(to.path(`blobs/uploads/?digest=${digest}`), {
      method: 'POST',
      headers: octets,
      body: bytes,
    }),
  // spec.md#post-then-put
  'POST and PUT': async (to, blob) =>
    await closeUpload(to, await openUpload(to), blob, { headers: octets, body: blob.bytes }),
  // spec.md#pushing-a-blob-in-chunks
  'one chunk': async (to, blob) => {
    const session = await openUpload(to, blob);
    const { location } = await sendChunk(to, session, { bytes: blob.bytes, start: 0 });
    return await closeUpload(to, location, blob);
  },
  'several chunks': async (to, blob) => {
    const { session } = await sendChunks(to, await openUpload(to, blob), partsOf(blob.bytes));
    return await closeUpload(to, session, blob);
  },
  'several chunks, the last in the PUT': async (to, blob) => {
    const [last = Buffer.alloc(0), ...before] = partsOf(blob.bytes).reverse();
    const { session, sentBytes } = await sendChunks(to, await openUpload(to, blob), before.reverse());
    return await closeUpload(to, session, blob, {
      headers: { ...octets, 'content-range': `${sentBytes}-${blob.bytes.length - 1}` },
      body: last,
    });
  },
  'a stream without a length': async (to, blob) => {
    const session = await openUpload(to, blob);
    const streamed = await to.client.send(session, {
      method: 'PATCH',
      headers: octets,
      body: new Blob(partsOf(blob.bytes).map((part) => new Uint8Array(part))).stream(),
    });
    return await closeUpload(to, expectAccepted(streamed, blob.bytes.length), blob);
  },
};

/** Opens an upload and returns its location; a digest to come that is not sha256 is announced. */
export async function openUpload(to: Repository, blob?: Pick<TestBlob, 'digest'>): Promise<string> {
  const algorithm = blob === undefined ? 'sha256' : digestAlgorithm(blob.digest);
  const query = algorithm === 'sha256' ? '' : `?digest-algorithm=${algorithm}`;
  const opened = await to.client.send(to.path(`blobs/uploads/${query}`), {
    method: 'POST',
    headers: { 'content-length': '0' },
  });
  expect(opened.status).toBe(202);
  const location = opened.headers.get('location') ?? '';
  expect(location).toMatch(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/);
  return location;
}

/** Sends a chunk that must be taken; returns the next location. */
export async function sendChunk(
  to: Repository,
  session: string,
  chunk: { readonly bytes: Buffer; readonly start: number },
): Promise<{ readonly location: string; readonly endBytes: number }> {
  const answer = await tryChunk(to, session, chunk);
  const endBytes = chunk.start + chunk.bytes.length;
  return { location: expectAccepted(answer, endBytes), endBytes };
}

export async function tryChunk(
  to: Repository,
  session: string,
  { bytes, start }: { readonly bytes: Buffer; readonly start: number },
): Promise<Answer> {
  return await to.client.send(session, {
    method: 'PATCH',
    headers: { ...octets, 'content-range': `${start}-${start + bytes.length - 1}` },
    body: bytes,
  });
}

/** The closing PUT; what the location asks for beside the digest stays in it. */
export async function closeUpload(
  to: Repository,
  session: string,
  blob: Pick<TestBlob, 'digest'>,
  options: SendOptions = {},
): Promise<Answer> {
  const separator = session.includes('?') ? '&' : '?';
  return await to.client.send(`${session}${separator}digest=${encodeURIComponent(blob.digest)}`, {
    ...options,
    method: 'PUT',
  });
}

async function sendChunks(
  to: Repository,
  session: string,
  chunks: readonly Buffer[],
): Promise<{ readonly session: string; readonly sentBytes: number }> {
  let at = { location: session, endBytes: 0 };
  for (const bytes of chunks) at = await sendChunk(to, at.location, { bytes, start: at.endBytes });
  return { session: at.location, sentBytes: at.endBytes };
}

function expectAccepted(answer: Answer, endBytes: number): string {
  expect({ status: answer.status, range: answer.headers.get('range') }).toEqual({
    status: 202,
    range: `0-${endBytes - 1}`,
  });
  return answer.headers.get('location') ?? '';
}

/** Three parts of different length. */
function partsOf(bytes: Buffer): Buffer[] {
  const [first, second] = [Math.floor(bytes.length / 4), Math.floor(bytes.length / 2)];
  return [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
}
