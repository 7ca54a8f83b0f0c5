import type { ServerResponse } from 'node:http';
import type { OpenBlob } from '../../storage/blob-store.ts';

const largeBytes = 512 * 1024;
const largeBuffersMax = 128;
const keptBuffersMax = 32;
const smallBytes = 64 * 1024;
/** What is given to a connection at once: a client must take that much within the span of the slow-client limits. */
const writeBytesMax = 256 * 1024;

/**
 * Memory that blobs pass through on their way out. A new buffer for each piece costs more than reading and sending it
 * does, so buffers are handed on. There are 64 MiB of large ones; readers beyond that, the many slow ones, get small ones.
 */
export class SendBuffers {
  readonly #kept: Buffer[] = [];
  #largeInUse = 0;

  take(): Buffer {
    if (this.#largeInUse >= largeBuffersMax) return Buffer.allocUnsafeSlow(smallBytes);
    this.#largeInUse += 1;
    return this.#kept.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
  }

  /** `isFree`: nothing can read or write it any more, so that the next one may. */
  release(buffer: Buffer, isFree: boolean): void {
    if (buffer.length !== largeBytes) return;
    this.#largeInUse -= 1;
    if (isFree && this.#kept.length < keptBuffersMax) this.#kept.push(buffer);
  }
}

interface Piece {
  readonly buffer: Buffer;
  readonly lengthBytes: number;
}

export type SendResult =
  | { readonly kind: 'sent' }
  | { readonly kind: 'gone' }
  /** The bytes ended early or could not be read; the connection is cut, so that nobody takes the part for the whole. */
  | { readonly kind: 'broken'; readonly atBytes: number; readonly error?: unknown };

/**
 * Sends bytes `start` to `end` (both included) as the body of the response that `begin` opens, reading the next piece while
 * one is under way, and closes the blob. `begin` is called when the first bytes are there: what fails before is thrown.
 */
export async function sendBlob(
  blob: OpenBlob,
  options: {
    readonly start: number;
    readonly end: number;
    readonly buffers: SendBuffers;
    readonly begin: () => ServerResponse;
  },
): Promise<SendResult> {
  const pieces = new PieceReader(blob, options);
  try {
    let piece: Piece | Error | undefined = await pieces.next();
    const writer = new ResponseWriter(options.begin());
    for (let at = options.start; at <= options.end; ) {
      if (piece === undefined || piece instanceof Error) {
        writer.cut();
        return { kind: 'broken', atBytes: at, ...(piece === undefined ? {} : { error: piece }) };
      }
      const isWritten = await writer.write(piece);
      // What was not written to its end may still be held by the connection.
      options.buffers.release(piece.buffer, isWritten);
      if (!isWritten) return { kind: 'gone' };
      at += piece.lengthBytes;
      piece = await pieces.next().catch(asError);
    }
    writer.end();
    return { kind: 'sent' };
  } finally {
    await pieces.close();
  }
}

/** Reads one piece ahead. */
class PieceReader {
  readonly #blob: OpenBlob;
  readonly #buffers: SendBuffers;
  readonly #end: number;
  #at: number;
  #ahead: Promise<Piece | undefined>;

  constructor(
    blob: OpenBlob,
    options: { readonly start: number; readonly end: number; readonly buffers: SendBuffers },
  ) {
    this.#blob = blob;
    this.#buffers = options.buffers;
    this.#at = options.start;
    this.#end = options.end;
    this.#ahead = this.#read();
  }

  /** Undefined at the end of what was asked for, and of what there is. */
  async next(): Promise<Piece | undefined> {
    const piece = await this.#ahead;
    if (piece !== undefined) {
      this.#at += piece.lengthBytes;
      this.#ahead = this.#read();
      // It is thrown where it is awaited, and is no unhandled one until then.
      this.#ahead.catch(() => {});
    }
    return piece;
  }

  async close(): Promise<void> {
    const left = await this.#ahead.catch(() => undefined);
    if (left !== undefined) this.#buffers.release(left.buffer, true);
    await this.#blob.close();
  }

  async #read(): Promise<Piece | undefined> {
    const leftBytes = this.#end + 1 - this.#at;
    if (leftBytes === 0) return undefined;
    const buffer = this.#buffers.take();
    let lengthBytes = 0;
    try {
      const wanted = buffer.subarray(0, Math.min(buffer.length, leftBytes));
      lengthBytes = await this.#blob.readInto(wanted, this.#at);
    } finally {
      if (lengthBytes === 0) this.#buffers.release(buffer, true);
    }
    return lengthBytes === 0 ? undefined : { buffer, lengthBytes };
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Writes at the pace of the client: each piece is on its way before the next is given. */
class ResponseWriter {
  readonly #response: ServerResponse;
  #settle: ((isOnItsWay: boolean) => void) | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    // What waits for a connection that never becomes free hears of its end here alone.
    response.once('close', () => this.#settle?.(false));
  }

  /** False when the client has gone. */
  async write({ buffer, lengthBytes }: Piece): Promise<boolean> {
    for (let at = 0; at < lengthBytes; at += writeBytesMax) {
      const part = buffer.subarray(at, Math.min(at + writeBytesMax, lengthBytes));
      if (!(await this.#writePart(part))) return false;
    }
    return true;
  }

  end(): void {
    this.#response.end();
  }

  /** Bytes that end early must not look like an end (threats.md F18). */
  cut(): void {
    this.#response.destroy();
  }

  #writePart(part: Buffer): Promise<boolean> {
    if (this.#response.destroyed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#response.write(part, (error) => resolve(error === null || error === undefined));
    });
  }
}
