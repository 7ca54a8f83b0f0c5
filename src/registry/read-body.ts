import type { IncomingMessage } from 'node:http';

export type Body = { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'too-large' };

/**
 * Reads a request's body, into `memory` if there is some; stops, and reads no further, beyond `sizeBytesMax`. Throws when
 * the client breaks off.
 */
export async function readBody(
  request: IncomingMessage,
  sizeBytesMax: number,
  memory?: Buffer,
): Promise<Body> {
  if (Number(request.headers['content-length'] ?? '0') > sizeBytesMax) return { kind: 'too-large' };
  // It may have gone while it waited for its turn; then nothing more will be told of it.
  if (request.destroyed) throw new ClientGoneError();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  return await new Promise((resolve, reject) => {
    const finish = (body: Body) => {
      request.off('data', onData).off('end', onEnd).off('error', reject).off('close', onClose);
      resolve(body);
    };
    const onData = (chunk: Buffer) => {
      if (memory === undefined) chunks.push(chunk);
      else chunk.copy(memory, sizeBytes);
      sizeBytes += chunk.length;
      if (sizeBytes <= sizeBytesMax) return;
      request.pause();
      finish({ kind: 'too-large' });
    };
    const onEnd = () =>
      finish({ kind: 'bytes', bytes: memory?.subarray(0, sizeBytes) ?? Buffer.concat(chunks) });
    const onClose = () => reject(new ClientGoneError());
    request.on('data', onData).on('end', onEnd).on('error', reject).on('close', onClose);
  });
}

/** The client closed the connection before its body had ended. */
export class ClientGoneError extends Error {
  readonly code = 'client_gone';
  constructor() {
    super('Cannot read the request: its body must arrive whole, got a closed connection');
    this.name = 'ClientGoneError';
  }
}
