/** Bodies up to here are read at once: there may be thousands of them. */
const freeBytesMax = 256 * 1024;
const largePerAccountMax = 2;
const largeMax = 16;
const patienceMs = 20_000;
/** Memory that is kept for the next ones: allocating it anew each time costs long pauses and leaves holes. */
const keptMax = 4;

/** Where a body may be read to, and until when. */
export interface BodyPlace {
  /** Of a large body, all that it may fill; another body has it after `leave()`. */
  readonly memory: Buffer<SharedArrayBuffer> | undefined;
  readonly leave: () => void;
}

interface Waiting {
  readonly accountId: number;
  readonly enter: () => void;
}

/**
 * How many large manifests are in memory at once: of one account a few, so that nobody takes all the room, and of all
 * together 64 MiB (threats.md C6). Who waits is not read from.
 */
export class BodyRoom {
  readonly #inUse = new Map<number, number>();
  #waiting: Waiting[] = [];
  #total = 0;
  readonly #kept: Buffer<SharedArrayBuffer>[] = [];
  readonly #sizeBytesMax: number;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** Waits for room for a body of so many bytes (NaN: not stated); undefined after 20 s in vain. */
  async enter(accountId: number, sizeBytes: number): Promise<BodyPlace | undefined> {
    if (sizeBytes <= freeBytesMax) return { memory: undefined, leave: () => {} };
    if (this.#hasRoom(accountId)) this.#take(accountId);
    else if (!(await this.#wait(accountId))) return undefined;
    const memory = this.#kept.pop() ?? Buffer.from(new SharedArrayBuffer(this.#sizeBytesMax));
    const leave = () => {
      if (this.#kept.length < keptMax) this.#kept.push(memory);
      this.#leave(accountId);
    };
    return { memory, leave };
  }

  #hasRoom(accountId: number): boolean {
    return this.#total < largeMax && (this.#inUse.get(accountId) ?? 0) < largePerAccountMax;
  }

  #take(accountId: number): void {
    this.#inUse.set(accountId, (this.#inUse.get(accountId) ?? 0) + 1);
    this.#total += 1;
  }

  #wait(accountId: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        resolve(false);
      }, patienceMs);
      const waiting: Waiting = {
        accountId,
        enter: () => {
          clearTimeout(timer);
          this.#take(accountId);
          resolve(true);
        },
      };
      this.#waiting.push(waiting);
    });
  }

  #leave(accountId: number): void {
    const left = (this.#inUse.get(accountId) ?? 1) - 1;
    if (left === 0) this.#inUse.delete(accountId);
    else this.#inUse.set(accountId, left);
    this.#total -= 1;
    const index = this.#waiting.findIndex((one) => this.#hasRoom(one.accountId));
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
    next?.enter();
  }
}
