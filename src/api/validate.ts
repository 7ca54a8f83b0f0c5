import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { badRequest } from './errors.ts';

export type RequestPart = 'path' | 'query' | 'body';

/** Checks one part of a request and gives it its type; throws a 400 that names every key that is wrong. */
export type Validate<Schema extends TSchema> = (value: unknown) => Static<Schema>;

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

/**
 * Compiles a schema. Path and query values are text, so numbers and booleans are read from it where the schema wants
 * them; a body is taken as it stands: nothing is coerced, dropped or filled in.
 */
export function compileValidator<Schema extends TSchema>(
  schema: Schema,
  part: RequestPart,
): Validate<Schema> {
  const validator = Compile(schema);
  return (value) => {
    const candidate: unknown = part === 'body' ? value : readText(schema, value);
    if (!validator.Check(candidate)) throw refusal(validator.Errors(candidate), part);
    // After the check, which bounds how deep the value can be.
    const unstorable = findUnstorableText(candidate, part);
    if (unstorable !== undefined) {
      throw badRequest(`Cannot accept ${unstorable}: text must be Unicode without NUL characters`);
    }
    return candidate as Static<Schema>; // checked by the validator, whose guard TypeScript cannot tie to the generic
  };
}

function refusal(errors: readonly SchemaError[], part: RequestPart) {
  const unknownKeys = errors.flatMap(({ keyword, instancePath, params }) =>
    keyword === 'additionalProperties' &&
    'additionalProperties' in params &&
    Array.isArray(params.additionalProperties)
      ? params.additionalProperties.map((key) => pathText(`${instancePath}/${String(key)}`))
      : [],
  );
  if (unknownKeys.length > 0) {
    const message = `Cannot accept ${part} key ${unknownKeys.map(quote).join(', ')}: it is not known here`;
    return badRequest(message, { part, unknownKeys });
  }
  const problems = errors
    .filter(({ keyword }) => keyword !== 'boolean')
    .slice(0, 10)
    .map(({ instancePath, message, params }) => ({
      key: pathText(instancePath),
      message: describeProblem(message, params),
    }));
  const first = problems[0];
  const where = first === undefined || first.key === '' ? `the ${part}` : `${part} key "${first.key}"`;
  return badRequest(`Cannot accept ${where}: ${first?.message ?? 'it is not valid'}`, { part, problems });
}

function describeProblem(message: string, params: object): string {
  if ('allowedValues' in params && Array.isArray(params.allowedValues)) {
    return `must be one of ${params.allowedValues.map(String).join(', ')}`;
  }
  return message;
}

function pathText(instancePath: string): string {
  return instancePath.slice(1).replaceAll('/', '.').slice(0, 200);
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** Reads numbers and booleans of a flat object from their text; what is not in its one canonical form stays text and so is refused. */
function readText(schema: TSchema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const properties = 'properties' in schema ? schema.properties : {};
  const types = new Map(Object.entries(properties ?? {}).map(([key, property]) => [key, typeOf(property)]));
  return Object.fromEntries(
    Object.entries(value).map(([key, text]: [string, unknown]) => [key, readScalar(text, types.get(key))]),
  );
}

function typeOf(property: unknown): unknown {
  return typeof property === 'object' && property !== null && 'type' in property ? property.type : undefined;
}

function readScalar(text: unknown, type: unknown): unknown {
  if (typeof text !== 'string') return text;
  if (type === 'integer' && /^(?:0|-?[1-9][0-9]{0,15})$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** PostgreSQL stores neither NUL nor lone surrogates: such text would end as a server error (threats.md E2). */
function findUnstorableText(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') {
    return value.includes('\u0000') || !value.isWellFormed() ? `the value of ${path}` : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, element] of Object.entries(value)) {
    const found =
      findUnstorableText(element, `${path} key ${quote(key)}`) ?? findUnstorableText(key, `a key of ${path}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
