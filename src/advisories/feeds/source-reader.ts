import { constants } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import type { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { blockListOf } from '../../egress/address-range.ts';
import { EgressRefusedError } from '../../egress/egress-error.ts';
import { FeedRefusedError, FeedUnreachableError } from './feed-errors.ts';
import { type HttpAnswer, httpGet, NetworkError } from './http-get.ts';
import { PartialDownload } from './partial-download.ts';
import type { Source } from './source.ts';

/** What a source said of the version it served; sent back to ask whether it still is the one. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export interface ReadOptions {
  readonly bytesMax: number;
  /** Answers `not-modified` when the source still has this version. */
  readonly unlessLike?: Validators;
}

export type Unread = { readonly kind: 'not-modified' } | { readonly kind: 'missing' };

export interface ReadBytes {
  readonly kind: 'ok';
  readonly bytes: Buffer;
  readonly validators: Validators;
}

export interface OpenedFile extends AsyncDisposable {
  readonly kind: 'ok';
  readonly file: FileHandle;
  readonly sizeBytes: number;
  readonly validators: Validators;
}

export interface SourceReaderOptions {
  readonly signal: AbortSignal;
  /** A number in [0, 1) for the jitter of retries. */
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Longest silence of a server, 30 s by default (threats.md B6). */
  readonly idleMs?: number;
  /** Longest time for one file, 30 min by default. */
  readonly deadlineMs?: number;
  readonly attemptsMax?: number;
  /** Blocks of private addresses that a redirect from a public one may lead to. Default none. */
  readonly allow?: readonly string[];
}

/** A failure that another attempt may get past. */
class Passing extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

const retryBaseMs = 500;
const retryMaxMs = 30_000;
const progressBytesMin = 2 ** 20;

/**
 * Reads files of mirrors. HTTP is bounded in size, time and silence, asks conditionally, and retries what may pass
 * (no connection, a cut body, 408, 429, 5xx) with exponential backoff and jitter, heeding Retry-After (RFC 9110 §10.2.3);
 * a cut download goes on where it was.
 * Throws FeedUnreachableError, or FeedRefusedError for a body beyond its bound and for a redirect from a public address to a
 * private one (threats.md B2); rethrows the signal's reason.
 */
export class SourceReader {
  readonly #signal: AbortSignal;
  readonly #random: () => number;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #idleMs: number;
  readonly #deadlineMs: number;
  readonly #attemptsMax: number;
  readonly #allowed: BlockList;

  constructor(options: SourceReaderOptions) {
    this.#signal = options.signal;
    this.#random = options.random ?? (() => randomInt(2 ** 32) / 2 ** 32);
    this.#sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, { signal }));
    this.#idleMs = options.idleMs ?? 30_000;
    this.#deadlineMs = options.deadlineMs ?? 30 * 60_000;
    this.#attemptsMax = options.attemptsMax ?? 4;
    this.#allowed = blockListOf(options.allow ?? []);
  }

  /** The whole file in memory. */
  async read(source: Source, options: ReadOptions): Promise<ReadBytes | Unread> {
    if (source.kind === 'file') {
      const opened = await this.open(source, options);
      if (opened.kind !== 'ok') return opened;
      await using _file = opened;
      return { kind: 'ok', bytes: await opened.file.readFile(), validators: opened.validators };
    }
    let chunks: Uint8Array[] = [];
    const download = new PartialDownload({
      write: async (chunk) => void chunks.push(chunk),
      restart: async () => {
        chunks = [];
      },
    });
    const answer = await this.#retried(source, { ...options, download });
    return answer.kind === 'ok' ? { ...answer, bytes: Buffer.concat(chunks) } : answer;
  }

  /** The file for random access: a local one in place, a remote one as a temporary file that has no name any more. */
  async open(source: Source, options: ReadOptions): Promise<OpenedFile | Unread> {
    if (source.kind === 'file') return await openLocal(source, options);
    const file = await openNameless();
    let done = false;
    try {
      const download = new PartialDownload({
        write: async (chunk, position) => void (await file.write(chunk, 0, chunk.byteLength, position)),
        restart: () => file.truncate(0),
      });
      const answer = await this.#retried(source, { ...options, download });
      if (answer.kind !== 'ok') return answer;
      done = true;
      const { sizeBytes } = download;
      return { ...answer, file, sizeBytes, [Symbol.asyncDispose]: () => file.close() };
    } finally {
      if (!done) await file.close();
    }
  }

  /** An attempt that brought the download a good deal further does not count as one that failed. */
  async #retried(
    { address }: Source,
    request: ReadOptions & { readonly download: PartialDownload },
  ): Promise<{ kind: 'ok'; validators: Validators } | Unread> {
    const { download } = request;
    for (let attempt = 1, failures = 1; ; attempt += 1, failures += 1) {
      this.#signal.throwIfAborted();
      const sizeBytes = download.sizeBytes;
      try {
        return await this.#fetch({ ...request, address, attempt: new AbortController() });
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!(error instanceof Passing)) throw error;
        if (download.isResumable && download.sizeBytes - sizeBytes >= progressBytesMin) failures = 1;
        if (failures >= this.#attemptsMax) {
          throw new FeedUnreachableError(address, `${error.message}, after ${attempt} attempts`, {
            cause: error,
          });
        }
        await this.#sleep(this.#pauseMs(failures, error.retryAfterMs), this.#signal);
      }
    }
  }

  #pauseMs(attempt: number, retryAfterMs: number | undefined): number {
    const backoffMs = Math.min(retryBaseMs * 2 ** (attempt - 1), retryMaxMs);
    return Math.max(backoffMs * (0.5 + this.#random() / 2), Math.min(retryAfterMs ?? 0, retryMaxMs));
  }

  async #fetch(
    request: ReadOptions & {
      readonly address: string;
      readonly download: PartialDownload;
      readonly attempt: AbortController;
    },
  ): Promise<{ kind: 'ok'; validators: Validators } | Unread> {
    const { address, attempt, download, bytesMax } = request;
    const deadline = setTimeout(
      () => attempt.abort(new Passing(`no whole answer within ${this.#deadlineMs / 1000} s`)),
      this.#deadlineMs,
    );
    const idle = setTimeout(
      () => attempt.abort(new Passing(`silence for ${this.#idleMs / 1000} s`)),
      this.#idleMs,
    );
    try {
      const signal = AbortSignal.any([attempt.signal, this.#signal]);
      const headers = download.rangeHeaders() ?? conditions(request.unlessLike);
      const answer = await httpGet({ address, headers, signal, allowed: this.#allowed });
      const unread = await judgeStatus(address, answer, download);
      if (unread !== undefined) return unread;
      await receive({ address, answer, bytesMax, download, alive: () => idle.refresh() });
      return { kind: 'ok', validators: download.validators };
    } catch (error) {
      if (attempt.signal.aborted) throw attempt.signal.reason;
      if (error instanceof NetworkError) throw new Passing(error.message, { cause: error });
      if (error instanceof EgressRefusedError) {
        throw new FeedRefusedError(
          address,
          `a redirect must not lead where this one does: ${error.message}`,
          {
            cause: error,
          },
        );
      }
      throw error;
    } finally {
      clearTimeout(deadline);
      clearTimeout(idle);
    }
  }
}

/** Undefined: the body is to be added to the download. */
async function judgeStatus(
  address: string,
  answer: HttpAnswer,
  download: PartialDownload,
): Promise<Unread | undefined> {
  const { status } = answer;
  if (status === 200) {
    await download.begin(answer);
    return undefined;
  }
  if (status === 206 && download.isResumable && download.continuesWith(answer)) return undefined;
  answer.discard();
  if (status === 206 || status === 416) {
    await download.forget();
    throw new Passing(`HTTP ${status} for another part than was asked for`);
  }
  if (status === 304) return { kind: 'not-modified' };
  // Google Cloud Storage answers 403 for an object that is absent from a bucket that may not be listed.
  if (status === 404 || status === 410 || status === 403) return { kind: 'missing' };
  if (status === 408 || status === 429 || status >= 500) {
    const seconds = Number(answer.header('retry-after'));
    throw new Passing(`HTTP ${status}`, Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {});
  }
  throw new FeedUnreachableError(address, `HTTP ${status}`);
}

async function receive(transfer: {
  address: string;
  answer: HttpAnswer;
  bytesMax: number;
  download: PartialDownload;
  alive: () => void;
}): Promise<void> {
  const { address, bytesMax, download } = transfer;
  for await (const chunk of transfer.answer.body()) {
    transfer.alive();
    if (download.sizeBytes + chunk.byteLength > bytesMax) {
      throw new FeedRefusedError(address, `it must be at most ${bytesMax} bytes, got more`);
    }
    await download.add(chunk);
  }
}

function conditions(validators: Validators | undefined): Record<string, string> {
  return {
    ...(validators?.etag === undefined ? {} : { 'if-none-match': validators.etag }),
    ...(validators?.lastModified === undefined ? {} : { 'if-modified-since': validators.lastModified }),
  };
}

async function openLocal(
  source: Source & { kind: 'file' },
  options: ReadOptions,
): Promise<OpenedFile | Unread> {
  let file: FileHandle;
  try {
    file = await open(source.path, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    throw new FeedUnreachableError(source.address, reasonText(error), { cause: error });
  }
  const { size, mtimeMs } = await file.stat();
  const validators = { etag: `${mtimeMs}-${size}` };
  if (
    size > Math.min(options.bytesMax, constants.MAX_LENGTH) ||
    options.unlessLike?.etag === validators.etag
  ) {
    await file.close();
    if (options.unlessLike?.etag === validators.etag) return { kind: 'not-modified' };
    throw new FeedRefusedError(source.address, `it must be at most ${options.bytesMax} bytes, got ${size}`);
  }
  return { kind: 'ok', file, sizeBytes: size, validators, [Symbol.asyncDispose]: () => file.close() };
}

function reasonText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A crash leaves nothing behind: the file is removed from its folder as soon as it is open. */
async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'pratique-feed-'));
  try {
    return await open(join(folder, 'download'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
