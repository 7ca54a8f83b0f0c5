import { once } from 'node:events';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';

/** Text, also JSON; `Uint8Array` is `bytea`, `Uint32Array` `int[]`, an array of texts `text[]`. */
export type BinaryValue =
  | string
  | number
  | boolean
  | Date
  | Uint8Array
  | Uint32Array
  | readonly string[]
  | null;

/** Milliseconds from 1970 to 2000, where PostgreSQL's time begins. */
const epochMs = Date.UTC(2000, 0, 1);
const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = Buffer.from([0xff, 0xff]);
const elementTypes = { int4: 23, text: 25 } as const;

/**
 * Rows of one table in PostgreSQL's binary form, for COPY: filling takes a fraction of what it takes in text.
 * Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
 */
export class BinaryRows {
  readonly #target: string;
  /** By column, as PostgreSQL names them. */
  readonly #types: readonly string[];
  #bytes = Buffer.allocUnsafe(1024 * 1024);
  #length = 0;

  private constructor(target: string, types: readonly string[]) {
    this.#target = target;
    this.#types = types;
  }

  /** `table` must be new or truncated in the client's transaction, so that its rows need no log. */
  static async of(client: pg.ClientBase, table: string, columns: readonly string[]): Promise<BinaryRows> {
    const { rows } = await client.query<{ name: string; type: string }>(
      `select attname as name, atttypid::regtype::text as type from pg_attribute where attrelid = $1::regclass`,
      [table],
    );
    const typeOf = new Map(rows.map(({ name, type }) => [name, type]));
    return new BinaryRows(
      `${table} (${columns.join(', ')})`,
      columns.map((column) => typeOf.get(column) ?? ''),
    );
  }

  get byteCount(): number {
    return this.#length;
  }

  add(...values: readonly BinaryValue[]): void {
    this.#room(2);
    this.#length = this.#bytes.writeInt16BE(values.length, this.#length);
    for (const [index, value] of values.entries()) this.#field(this.#types[index] ?? '', value);
  }

  /** Sends the rows, and is empty again when they have arrived. */
  async send(client: pg.ClientBase): Promise<void> {
    if (this.#length === 0) return;
    const stream = client.query(
      copyStreams.from(`copy ${this.#target} from stdin with (format binary, freeze)`),
    );
    stream.write(signature);
    if (!stream.write(this.#bytes.subarray(0, this.#length))) await once(stream, 'drain');
    stream.end(trailer);
    await once(stream, 'finish');
    this.#length = 0;
  }

  #field(type: string, value: BinaryValue): void {
    if (value === null) {
      this.#int4(-1);
      return;
    }
    const start = this.#length;
    this.#int4(0);
    if (typeof value === 'string') this.#text(value, type === 'jsonb');
    else if (typeof value === 'number') this.#number(type, value);
    else if (typeof value === 'boolean')
      this.#room(1).#length = this.#bytes.writeUInt8(Number(value), this.#length);
    else if (value instanceof Date) this.#int8((value.getTime() - epochMs) * 1_000);
    else if (value instanceof Uint32Array) this.#ids(value);
    else if (value instanceof Uint8Array) this.#copy(value);
    else this.#texts(value);
    this.#bytes.writeInt32BE(this.#length - start - 4, start);
  }

  #number(type: string, value: number): void {
    if (type === 'bigint') this.#int8(value);
    else this.#int4(value);
  }

  #int4(value: number): void {
    this.#room(4);
    this.#length = this.#bytes.writeInt32BE(value, this.#length);
  }

  #int8(value: number): void {
    this.#room(8);
    this.#length = this.#bytes.writeBigInt64BE(BigInt(Math.trunc(value)), this.#length);
  }

  #text(text: string, isJson: boolean): void {
    this.#room(1 + text.length * 3);
    if (isJson) this.#length = this.#bytes.writeUInt8(1, this.#length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  #copy(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #texts(texts: readonly string[]): void {
    this.#array(elementTypes.text, texts.length);
    for (const text of texts) this.#field('text', text);
  }

  #ids(ids: Uint32Array): void {
    this.#array(elementTypes.int4, ids.length);
    this.#room(ids.length * 8);
    let at = this.#length;
    for (const id of ids) {
      at = this.#bytes.writeInt32BE(4, at);
      at = this.#bytes.writeInt32BE(id, at);
    }
    this.#length = at;
  }

  /** Dimensions, no nulls, type of the elements, their number, index of the first. */
  #array(elementType: number, count: number): void {
    for (const value of [1, 0, elementType, count, 1]) this.#int4(value);
  }

  #room(byteCount: number): this {
    const needed = this.#length + byteCount;
    if (needed <= this.#bytes.length) return this;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    return this;
  }
}
