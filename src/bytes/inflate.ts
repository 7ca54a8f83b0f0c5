import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { sniffContent } from '../oci/sniff-content.ts';
import { ArchiveError } from './archive-error.ts';

export interface InflateLimits {
  readonly inflatedBytesMax: number;
  /** Most inflated bytes per stored byte, asked only above `ratioFromBytes`. */
  readonly ratioMax: number;
  readonly ratioFromBytes: number;
}

/** threats.md §1.9 and D2. */
export const defaultInflateLimits: InflateLimits = {
  inflatedBytesMax: 20 * 1024 ** 3,
  ratioMax: 200,
  ratioFromBytes: 64 * 1024 ** 2,
};

/** Large pieces make the inflater twice as fast as Node's default of 16 KiB (design.md, "Tar"). */
const chunkBytes = 256 * 1024;
/** How far the inflater, which has its own thread, may run ahead of whoever reads. */
const readAheadBytes = 2 * 1024 * 1024;

/**
 * Inflates gzip (every member), zstd (every frame) or nothing, told apart by the leading bytes and never by a media type.
 * Throws `ArchiveError` for bytes left over behind the last member, broken or cut data, and above the limits; errors of
 * the source pass unchanged. The source is closed when the iteration ends.
 */
export async function* inflate(
  source: AsyncIterable<Buffer>,
  limits: InflateLimits = defaultInflateLimits,
): AsyncGenerator<Buffer, void, void> {
  const input = new CountedInput(source);
  try {
    const kind = sniffContent(await input.peek());
    let inflatedBytes = 0;
    for await (const chunk of inflaterOf(kind)(input)) {
      inflatedBytes += chunk.length;
      checkLimits(inflatedBytes, input.bytesRead, limits);
      yield chunk;
    }
  } finally {
    await input.close();
  }
}

function inflaterOf(kind: string): (input: CountedInput) => AsyncIterable<Buffer> {
  if (kind === 'gzip') return inflateGzip;
  return kind === 'zstd' ? inflateZstd : (input) => input.chunks();
}

function checkLimits(inflatedBytes: number, storedBytes: number, limits: InflateLimits): void {
  if (inflatedBytes > limits.inflatedBytesMax) {
    throw new ArchiveError(
      'limit:inflated',
      `Cannot inflate the blob: it must not exceed ${limits.inflatedBytesMax} bytes`,
    );
  }
  if (inflatedBytes > limits.ratioFromBytes && inflatedBytes > storedBytes * limits.ratioMax) {
    throw new ArchiveError(
      'limit:ratio',
      `Cannot inflate the blob: it must not grow more than ${limits.ratioMax} times, got ${inflatedBytes} bytes from ${storedBytes}`,
    );
  }
}

async function* inflateGzip(input: CountedInput): AsyncGenerator<Buffer> {
  const left = yield* runEngine(createEngine('gzip'), input);
  // Node goes on with the next member by itself, and stops without a word at a zero byte between members.
  if (left.length > 0 || (await input.next()) !== undefined) {
    throw new ArchiveError('ambiguous', 'Cannot inflate the blob: nothing may follow the last gzip member');
  }
}

async function* inflateZstd(input: CountedInput): AsyncGenerator<Buffer> {
  for (;;) {
    // Node ends a stream at the first frame that leaves bytes in the same write; they are the next frame's.
    const left = yield* runEngine(createEngine('zstd'), input);
    input.putBack(left);
    const head = await input.peek();
    if (head.length === 0) return;
    if (sniffContent(head) !== 'zstd') {
      throw new ArchiveError('ambiguous', 'Cannot inflate the blob: nothing may follow the last zstd frame');
    }
  }
}

interface Engine extends Transform {
  readonly bytesWritten: number;
}

function createEngine(kind: 'gzip' | 'zstd'): Engine {
  const options = { chunkSize: chunkBytes, readableHighWaterMark: readAheadBytes };
  return kind === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
}

/** Yields what the engine makes of the input; returns the bytes that it was given and did not want. */
async function* runEngine(engine: Engine, input: CountedInput): AsyncGenerator<Buffer, Buffer> {
  const state: FeedState = { given: [], givenBytes: 0, failure: undefined, isDone: false };
  const feeding = feed(engine, input, state);
  try {
    for await (const chunk of engine) yield chunk;
  } catch (error) {
    throw state.failure?.error ?? asArchiveError(error);
  } finally {
    state.isDone = true;
    engine.destroy();
    await feeding;
  }
  if (state.failure !== undefined) throw state.failure.error;
  const surplusBytes = state.givenBytes - engine.bytesWritten;
  const tail = Buffer.concat(state.given);
  return tail.subarray(tail.length - surplusBytes);
}

interface FeedState {
  /** The last writes, enough to hold what the engine may leave over. */
  given: Buffer[];
  givenBytes: number;
  failure: { readonly error: unknown } | undefined;
  isDone: boolean;
}

async function feed(engine: Engine, input: CountedInput, state: FeedState): Promise<void> {
  const ended = once(engine, 'close').catch(() => undefined);
  try {
    for (;;) {
      const chunk = await input.next();
      if (state.isDone || engine.destroyed || engine.readableEnded) {
        if (chunk !== undefined) input.putBack(chunk);
        return;
      }
      if (chunk === undefined) {
        engine.end();
        return;
      }
      dropConsumed(engine, state);
      state.given.push(chunk);
      state.givenBytes += chunk.length;
      if (!engine.write(chunk)) await Promise.race([once(engine, 'drain').catch(() => undefined), ended]);
    }
  } catch (error) {
    state.failure = { error };
    engine.destroy();
  }
}

function dropConsumed(engine: Engine, state: FeedState): void {
  let heldBytes = state.given.reduce((sum, chunk) => sum + chunk.length, 0);
  const unconsumedBytes = state.givenBytes - engine.bytesWritten;
  while (state.given[0] !== undefined && heldBytes - state.given[0].length >= unconsumedBytes) {
    heldBytes -= state.given[0].length;
    state.given.shift();
  }
}

function asArchiveError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') {
    return new ArchiveError('truncated', 'Cannot inflate the blob: the compressed data end early', {
      cause: error,
    });
  }
  if (/^(?:Z_|ZSTD_)/.test(code)) {
    return new ArchiveError('corrupt', `Cannot inflate the blob: the compressed data are broken (${code})`, {
      cause: error,
    });
  }
  return error;
}

/** Reads the source piece by piece, counts, and takes back what was read too far. */
class CountedInput {
  readonly #iterator: AsyncIterator<Buffer>;
  #returned: Buffer[] = [];
  #bytesRead = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  async next(): Promise<Buffer | undefined> {
    const returned = this.#returned.pop();
    if (returned !== undefined) return returned;
    for (;;) {
      const result = await this.#iterator.next();
      if (result.done === true) return undefined;
      this.#bytesRead += result.value.length;
      if (result.value.length > 0) return result.value;
    }
  }

  putBack(chunk: Buffer): void {
    if (chunk.length > 0) this.#returned.push(chunk);
  }

  /** The next bytes without taking them: at least 4, fewer only at the end. */
  async peek(): Promise<Buffer> {
    let head = (await this.next()) ?? Buffer.alloc(0);
    while (head.length < 4) {
      const more = await this.next();
      if (more === undefined) break;
      head = Buffer.concat([head, more]);
    }
    this.putBack(head);
    return head;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) yield chunk;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
