import type { TSchema } from 'typebox';
import { ApiErrorBody } from '../api-error.ts';
import { componentKeyword } from '../component.ts';
import type { Access, Operation } from './operation.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** First path segment of the API; a breaking change gets a new one. */
export const apiPrefix = '/api/v1';

/**
 * The OpenAPI 3.1 document of operations. TypeBox values are JSON Schema, so they are embedded as they are, with every
 * schema that names itself (`component()`) standing once under `components`. Throws when a name stands for two schemas.
 */
export function openApiDocument(
  operations: Readonly<Record<string, Operation>>,
  version: string,
): Record<string, unknown> {
  const components = new Map<string, unknown>();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [operationId, operation] of Object.entries(operations)) {
    const path = operation.path.replaceAll(/:([a-zA-Z]+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][operation.method.toLowerCase()] = describeOperation({ operationId, operation, components });
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Pratique', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: apiPrefix }],
    tags: [...new Set(Object.values(operations).map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ basic: [] }, { bearer: [] }, { session: [], csrf: [] }],
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'pratique_session' },
        csrf: {
          type: 'apiKey',
          in: 'header',
          name: 'x-pratique-csrf',
          description: 'Beside the cookie, on every call that is not a GET: `csrfToken` of the session',
        },
      },
    },
  };
}

function describeOperation(options: {
  operationId: string;
  operation: Operation;
  components: Map<string, unknown>;
}): JsonObject {
  const { operationId, operation, components } = options;
  return {
    operationId,
    tags: [operation.tag],
    summary: operation.summary,
    description: describeAccess(operation.access),
    ...(operation.access.kind === 'public' ? { security: [] } : {}),
    parameters: [
      ...describeParameters(operation.params, 'path', components),
      ...describeParameters(operation.query, 'query', components),
    ],
    ...(operation.body === undefined
      ? {}
      : { requestBody: { required: true, content: jsonContent(hoist(operation.body, components)) } }),
    responses: {
      [operation.status]: {
        description: operation.summary,
        ...(operation.response === undefined
          ? {}
          : { content: contentOf(operation.mediaTypes, hoist(operation.response, components)) }),
      },
      default: { description: 'Refused or failed', content: jsonContent(hoist(ApiErrorBody, components)) },
    },
  };
}

function describeAccess(access: Access): string {
  switch (access.kind) {
    case 'public':
      return 'Needs no authentication';
    case 'account':
      return 'For every account';
    case 'admin':
      return 'For system admins';
    case 'namespace':
    case 'image':
      return `Needs the right to ${access.right} in the namespace`;
  }
}

function describeParameters(
  schema: TSchema | undefined,
  where: 'path' | 'query',
  components: Map<string, unknown>,
): JsonObject[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schema as {
    // Parameters are object schemas by the contract of `closed()`.
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: required.includes(name),
    schema: hoist(property, components),
  }));
}

function jsonContent(schema: unknown): JsonObject {
  return contentOf(undefined, schema);
}

function contentOf(mediaTypes: readonly string[] = ['application/json'], schema: unknown): JsonObject {
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }]));
}

/** Copies a schema, replacing each one that names itself by a reference. */
function hoist(schema: unknown, components: Map<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((element: unknown) => hoist(element, components));
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema);
  const name = entries.find(([key]) => key === componentKeyword)?.[1];
  const copy = Object.fromEntries(
    entries
      .filter(([key]) => key !== componentKeyword)
      .map(([key, value]: [string, unknown]) => [key, hoist(value, components)]),
  );
  if (typeof name !== 'string') return copy;
  const known = components.get(name);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(copy)) {
    throw new Error(`Cannot describe component "${name}": one schema must bear the name, got two`);
  }
  components.set(name, copy);
  return { $ref: `#/components/schemas/${name}` };
}
