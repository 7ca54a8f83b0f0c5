import { parse as parseToml } from 'smol-toml';
import { parseBoundedYaml } from './_bounded-yaml.ts';

/** Thrown where a document is not of its format. */
export class DocumentError extends Error {
  readonly code = 'document';
  constructor(rule: string, options?: ErrorOptions) {
    super(`Cannot read the document: ${rule}`, options);
    this.name = 'DocumentError';
  }
}

type Table = Readonly<Record<string, unknown>>;

/** A parsed JSON, TOML or YAML document of which nothing is known but what is asked. */
export class UntypedDocument {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** These throw `DocumentError` for what does not parse. */
  static json(bytes: Buffer): UntypedDocument {
    return parsed(() => JSON.parse(textOf(bytes)) as unknown);
  }

  static toml(bytes: Buffer): UntypedDocument {
    return parsed(() => parseToml(textOf(bytes)));
  }

  static yaml(bytes: Buffer): UntypedDocument {
    return parsed(() => parseBoundedYaml(textOf(bytes)));
  }

  /** The member of that name; a document of nothing when there is none. */
  at(key: string): UntypedDocument {
    const table = this.#table();
    return new UntypedDocument(table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined);
  }

  /** As `at()`; throws `DocumentError` when there is none: then it is no document of the kind that was expected. */
  required(key: string): UntypedDocument {
    const table = this.#table();
    if (table === undefined || !Object.hasOwn(table, key)) throw new DocumentError(`it must have "${key}"`);
    return new UntypedDocument(table[key]);
  }

  /** Empty text when it is none. */
  get text(): string {
    return typeof this.#value === 'string' ? this.#value.trim() : '';
  }

  get isTrue(): boolean {
    return this.#value === true;
  }

  get isTable(): boolean {
    return this.#table() !== undefined;
  }

  /** Empty when it is no list. */
  get items(): readonly UntypedDocument[] {
    return Array.isArray(this.#value) ? this.#value.map((item) => new UntypedDocument(item)) : [];
  }

  /** Empty when it is no table. */
  get entries(): readonly (readonly [key: string, value: UntypedDocument])[] {
    return Object.entries(this.#table() ?? {}).map(([key, value]) => [key, new UntypedDocument(value)]);
  }

  #table(): Table | undefined {
    const value = this.#value;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Table)
      : undefined; // any object is a table of unknown values
  }
}

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^\u{feff}/u, '');
}

/** Every parser throws errors of its own; one that recurses also runs out of stack. */
function parsed(parse: () => unknown): UntypedDocument {
  let value: unknown;
  try {
    value = parse();
  } catch (cause) {
    throw new DocumentError('it does not parse', { cause });
  }
  const document = new UntypedDocument(value);
  if (!document.isTable && document.items.length === 0)
    throw new DocumentError('it must be a table or a list');
  return document;
}
