import Type, { type TProperties } from 'typebox';

/** Keyword under which a schema says the name it has in the OpenAPI document. */
export const componentKeyword = 'x-component';

/**
 * An object schema that stands once in the OpenAPI document, under `name`, and is referred to everywhere else.
 * It knows no other keys than `properties`: a body with one more is refused, naming it (threats.md A2).
 */
export function component<Properties extends TProperties>(name: string, properties: Properties) {
  return Type.Object(properties, { additionalProperties: false, [componentKeyword]: name });
}

/** Path and query parameters, and parts of components: closed like them, but without a name of their own. */
export function closed<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false });
}

/** An instant as ISO 8601 in UTC. */
export const Instant = Type.String({ format: 'date-time' });

export const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
