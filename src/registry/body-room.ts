/** Bodies up to here are read at once: there may be thousands of them. */
const freeBytesMax = 256 * 1024;
const largePerAccountMax = 4;
const largeMax = 16;
const patienceMs = 20_000;

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
  #lastTurn: Promise<void> = Promise.resolve();

  /** Waits for room for a body of so many bytes (NaN: not stated). Returns how to give it back, or undefined after 20 s. */
  async enter(accountId: number, sizeBytes: number): Promise<(() => void) | undefined> {
    if (sizeBytes <= freeBytesMax) return () => {};
    if (this.#hasRoom(accountId)) this.#take(accountId);
    else if (!(await this.#wait(accountId))) return undefined;
    return () => this.#leave(accountId);
  }

  /** Waits until it is this body's turn to be parsed: between two large ones, others are answered. */
  async turn(sizeBytes: number): Promise<void> {
    if (sizeBytes <= freeBytesMax) return;
    this.#lastTurn = this.#lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
    await this.#lastTurn;
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
