import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { sniffContent } from '../oci/sniff-content.ts';
import { ZstdFrames } from './_zstd-frames.ts';
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

/**
 * Large pieces make the inflater twice as fast as Node's default of 16 KiB. The high water mark lets it, with its own
 * thread, run ahead of whoever reads.
 */
const engineOptions = { chunkSize: 256 * 1024, readableHighWaterMark: 2 * 1024 * 1024 };

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
  return kind === 'zstd' ? inflateZstd : (input) => input;
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
  const hasLeftOver = yield* runEngine(createGunzip(engineOptions), input);
  // Node goes on with the next member by itself, and stops without a word at a zero byte between members.
  if (hasLeftOver || (await input.next()).done !== true) {
    throw new ArchiveError('ambiguous', 'Cannot inflate the blob: nothing may follow the last gzip member');
  }
}

async function* inflateZstd(input: CountedInput): AsyncGenerator<Buffer> {
  const hasLeftOver = yield* runEngine(createZstdDecompress(engineOptions), splitFrames(input));
  if (hasLeftOver) {
    throw new ArchiveError('ambiguous', 'Cannot inflate the blob: a zstd frame must end where its blocks do');
  }
}

async function* splitFrames(input: CountedInput): AsyncGenerator<Buffer> {
  const frames = new ZstdFrames();
  for await (const chunk of input) yield* frames.split(chunk);
  if (!frames.isBetweenFrames) {
    throw new ArchiveError('truncated', 'Cannot inflate the blob: the compressed data end early');
  }
}

interface Engine extends Transform {
  readonly bytesWritten: number;
}

/** Yields what the engine makes of the input; returns whether it was given bytes that it did not want. */
async function* runEngine(engine: Engine, input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, boolean> {
  const state: FeedState = { givenBytes: 0, failure: undefined, isDone: false };
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
  return state.givenBytes > engine.bytesWritten;
}

interface FeedState {
  givenBytes: number;
  failure: { readonly error: unknown } | undefined;
  isDone: boolean;
}

/** Writes the input to the engine until it ends or takes no more; never rejects. */
async function feed(engine: Engine, input: AsyncIterable<Buffer>, state: FeedState): Promise<void> {
  const closed = once(engine, 'close').catch(() => undefined);
  try {
    for await (const chunk of input) {
      state.givenBytes += chunk.length;
      if (state.isDone || engine.destroyed || engine.readableEnded) return;
      if (!engine.write(chunk)) await Promise.race([once(engine, 'drain').catch(() => undefined), closed]);
    }
    engine.end();
  } catch (error) {
    state.failure = { error };
    engine.destroy();
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

/** Counts what is read of the source, and stays open when a loop over it ends. */
class CountedInput implements AsyncIterableIterator<Buffer> {
  readonly #iterator: AsyncIterator<Buffer>;
  #peeked: Buffer | undefined;
  #bytesRead = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    const peeked = this.#peeked;
    this.#peeked = undefined;
    if (peeked !== undefined) return { done: false, value: peeked };
    for (;;) {
      const result = await this.#iterator.next();
      if (result.done === true) return { done: true, value: undefined };
      this.#bytesRead += result.value.length;
      if (result.value.length > 0) return { done: false, value: result.value };
    }
  }

  /** The next bytes without taking them: at least 4, fewer only at the end. */
  async peek(): Promise<Buffer> {
    let head: Buffer = Buffer.alloc(0);
    while (head.length < 4) {
      const more = await this.next();
      if (more.done === true) break;
      head = head.length === 0 ? more.value : Buffer.concat([head, more.value]);
    }
    if (head.length > 0) this.#peeked = head;
    return head;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
