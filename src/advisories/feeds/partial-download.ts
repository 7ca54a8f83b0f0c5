import type { HttpAnswer } from './http-get.ts';
import type { Validators } from './source-reader.ts';

/** Takes the bytes of one file; `restart()` throws away what it has. */
export interface DownloadSink {
  write(chunk: Uint8Array, position: number): Promise<void>;
  restart(): Promise<void>;
}

/**
 * One file over several attempts: what a cut attempt brought is kept, and the next asks for the rest if the server can tell
 * that the file is still the same (RFC 9110 §13.1.5, §14.2); otherwise it begins anew.
 */
export class PartialDownload {
  readonly #sink: DownloadSink;
  #sizeBytes = 0;
  #validators: Validators = {};
  /** What makes the server send the whole file when it is another by now; absent: it cannot be asked. */
  #ifRange: string | undefined;

  constructor(sink: DownloadSink) {
    this.#sink = sink;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Of the version that the bytes are of. */
  get validators(): Validators {
    return this.#validators;
  }

  get isResumable(): boolean {
    return this.#sizeBytes > 0 && this.#ifRange !== undefined;
  }

  /** Of the request for the rest; undefined: the whole file must be asked for. */
  rangeHeaders(): Record<string, string> | undefined {
    if (!this.isResumable || this.#ifRange === undefined) return undefined;
    return { range: `bytes=${this.#sizeBytes}-`, 'if-range': this.#ifRange };
  }

  /** A whole file comes: what there is goes. */
  async begin(answer: HttpAnswer): Promise<void> {
    await this.forget();
    this.#validators = validatorsOf(answer);
    this.#ifRange = answer.header('accept-ranges') === 'none' ? undefined : strongValidator(answer);
  }

  /** Whether a 206 brings exactly what is missing, of the same version. */
  continuesWith(answer: HttpAnswer): boolean {
    const start = /^bytes (\d+)-\d+\//.exec(answer.header('content-range') ?? '')?.[1];
    const { etag, lastModified } = validatorsOf(answer);
    const isSame =
      (etag ?? this.#validators.etag) === this.#validators.etag &&
      (lastModified ?? this.#validators.lastModified) === this.#validators.lastModified;
    return isSame && start !== undefined && Number(start) === this.#sizeBytes;
  }

  async add(chunk: Uint8Array): Promise<void> {
    await this.#sink.write(chunk, this.#sizeBytes);
    this.#sizeBytes += chunk.byteLength;
  }

  async forget(): Promise<void> {
    if (this.#sizeBytes > 0) await this.#sink.restart();
    this.#sizeBytes = 0;
    this.#validators = {};
    this.#ifRange = undefined;
  }
}

export function validatorsOf(answer: HttpAnswer): Validators {
  const etag = answer.header('etag');
  const lastModified = answer.header('last-modified');
  return {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

/** A weak tag does not say that the bytes are the same, nor does a date that the file may have changed twice in (RFC 9110 §8.8.2.2). */
function strongValidator(answer: HttpAnswer): string | undefined {
  const { etag, lastModified } = validatorsOf(answer);
  if (etag !== undefined) return etag.startsWith('W/') ? undefined : etag;
  if (lastModified === undefined) return undefined;
  const ageMs = Date.parse(answer.header('date') ?? '') - Date.parse(lastModified);
  return ageMs >= 1_000 ? lastModified : undefined;
}
