import type { Readable, Writable } from 'node:stream';
import { drained } from './_drained.ts';
import { frameHeader, frameKinds } from './_frames.ts';

interface Feeding {
  source: Readable | undefined;
  isBegun: boolean;
  isOver: boolean;
}

/**
 * Gives the sources of one task to an inspection process, one at a time and no faster than it reads. Whatever was begun is
 * ended or broken, so that the process always knows where it stands.
 */
export class SourceFeed {
  /** What a source threw; the process was told only that it broke off. */
  failure: { readonly error: unknown } | undefined;
  /** Nothing can go on before the source gives something. */
  isWaiting = false;
  readonly #pipe: Writable;
  readonly #open: (index: number) => Promise<Readable>;
  readonly #onTaken: () => void;
  #current: Feeding | undefined;

  constructor(
    pipe: Writable,
    options: { readonly open: (index: number) => Promise<Readable>; readonly onTaken: () => void },
  ) {
    this.#pipe = pipe;
    this.#open = options.open;
    this.#onTaken = options.onTaken;
  }

  /** Gives this source from its beginning instead of what is given now. */
  begin(index: number): void {
    this.stop();
    const feeding: Feeding = { source: undefined, isBegun: false, isOver: false };
    this.#current = feeding;
    void this.#feed(feeding, index);
  }

  /** Gives nothing more. */
  stop(): void {
    const feeding = this.#current;
    if (feeding === undefined) return;
    this.#current = undefined;
    this.#end(feeding, frameKinds.end);
    feeding.source?.destroy();
  }

  /** Never rejects. */
  async #feed(feeding: Feeding, index: number): Promise<void> {
    try {
      this.isWaiting = true;
      feeding.source = await this.#open(index);
      if (feeding.isOver) return;
      this.#begin(feeding);
      for await (const chunk of feeding.source as AsyncIterable<Buffer>) {
        if (feeding.isOver) return;
        this.isWaiting = false;
        await this.#give(chunk);
        this.#onTaken();
        this.isWaiting = true;
      }
      this.#end(feeding, frameKinds.end);
    } catch (error) {
      if (feeding.isOver) return;
      this.failure = { error };
      this.#end(feeding, frameKinds.broken);
    } finally {
      if (this.#current === feeding || this.#current === undefined) this.isWaiting = false;
      feeding.source?.destroy();
    }
  }

  #begin(feeding: Feeding): void {
    feeding.isBegun = true;
    this.#pipe.write(frameHeader(frameKinds.begin, 0));
  }

  #end(feeding: Feeding, kind: typeof frameKinds.end | typeof frameKinds.broken): void {
    if (feeding.isOver) return;
    feeding.isOver = true;
    if (!feeding.isBegun) this.#begin(feeding);
    this.#pipe.write(frameHeader(kind, 0));
  }

  async #give(chunk: Buffer): Promise<void> {
    if (chunk.length === 0) return;
    this.#pipe.cork();
    this.#pipe.write(frameHeader(frameKinds.bytes, chunk.length));
    const hasRoom = this.#pipe.write(chunk);
    this.#pipe.uncork();
    if (!hasRoom) await drained(this.#pipe);
  }
}
