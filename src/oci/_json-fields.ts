import { misspeltField } from './spec-fields.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './strict-json.ts';

/** What a document breaks; caught by the parser that reads the document, and then an answer. */
export class FieldRefusal extends Error {}

/** Most annotations of one thing (threats.md C6). */
const stringsMax = 10_000;

/** Reads the fields of one JSON object; `null` counts as absent, as it does in Go. */
export class FieldReader {
  readonly #object: JsonObject;
  readonly #place: string;

  /** `place` is how messages name the object, empty for the document; a key that folds to one of `fields` is refused. */
  constructor(value: JsonValue | undefined, place: string, fields: ReadonlySet<string>) {
    if (!isJsonObject(value))
      throw new FieldRefusal(`${place === '' ? 'the document' : place} must be an object`);
    const misspelt = misspeltField(value, fields);
    if (misspelt !== undefined) {
      throw new FieldRefusal(`${placed(place, misspelt)} must be spelt as the specification does`);
    }
    this.#object = value;
    this.#place = place;
  }

  has(key: string): boolean {
    return this.#object.has(key);
  }

  value(key: string): JsonValue | undefined {
    return this.#object.get(key) ?? undefined;
  }

  optionalString(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'string') return value;
    throw new FieldRefusal(`${placed(this.#place, key)} must be a string`);
  }

  string(key: string): string {
    const value = this.optionalString(key);
    if (value === undefined || value === '')
      throw new FieldRefusal(`${placed(this.#place, key)} must be given`);
    return value;
  }

  optionalBoolean(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw new FieldRefusal(`${placed(this.#place, key)} must be true or false`);
  }

  integer(key: string): number {
    const value = this.value(key);
    if (typeof value === 'number') return value;
    throw new FieldRefusal(`${placed(this.#place, key)} must be an integer from 0 to 2^53-1 in plain digits`);
  }

  optionalArray(key: string): readonly JsonValue[] | undefined {
    const value = this.value(key);
    if (value === undefined || isJsonArray(value)) return value;
    throw new FieldRefusal(`${placed(this.#place, key)} must be an array`);
  }

  optionalStrings(key: string): readonly string[] | undefined {
    return this.optionalArray(key)?.map((item) => {
      if (typeof item === 'string') return item;
      throw new FieldRefusal(`${placed(this.#place, key)} must hold strings only`);
    });
  }

  optionalStringMap(key: string): Readonly<Record<string, string>> | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) throw new FieldRefusal(`${placed(this.#place, key)} must be an object`);
    if (value.size > stringsMax)
      throw new FieldRefusal(`${placed(this.#place, key)} must have at most ${stringsMax} members`);
    return Object.fromEntries(
      [...value].map(([name, text]) => {
        if (typeof text === 'string') return [name, text];
        throw new FieldRefusal(`${placed(this.#place, key)} must hold strings only`);
      }),
    );
  }
}

export function placed(place: string, key: string): string {
  const quoted = /^[a-zA-Z_.]{1,40}$/.test(key) ? key : JSON.stringify(key.slice(0, 80));
  return place === '' ? quoted : `${place}.${quoted}`;
}

/** The object without the members whose value is undefined (`exactOptionalPropertyTypes`). */
export function withoutUndefined<Fields extends object>(fields: Fields): WithoutUndefined<Fields> {
  // The cast states what the filter does: no member of the result is undefined.
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as WithoutUndefined<Fields>;
}

type WithoutUndefined<Fields> = {
  [Key in keyof Fields as undefined extends Fields[Key] ? never : Key]: Fields[Key];
} & {
  [Key in keyof Fields as undefined extends Fields[Key] ? Key : never]?: Exclude<Fields[Key], undefined>;
};
