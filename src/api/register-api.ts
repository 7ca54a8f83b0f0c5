import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { isReadOnly } from '../accounts/rights.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import { apiHandlers } from './api-handlers.ts';
import { authenticate } from './authenticate.ts';
import {
  authorizeAdmin,
  authorizeImage,
  authorizeNamespace,
  type ImageScope,
  type NamespaceScope,
} from './authorize.ts';
import type { Caller } from './caller.ts';
import { closed } from './contract/component.ts';
import { apiPrefix } from './contract/operations/openapi-document.ts';
import type { Operation } from './contract/operations/operation.ts';
import { operations } from './contract/operations/operations.ts';
import {
  ApiError,
  answerOfError,
  badRequest,
  forbidden,
  notFound,
  unauthenticated,
  unsupportedMediaType,
} from './errors.ts';
import { compileValidator, type RequestPart, type Validate } from './validate.ts';

/** Largest body in bytes: an allowlist of 10,000 ids fits. */
const bodySizeBytesMax = 1024 * 1024;

interface Authorized {
  readonly caller: Caller | undefined;
  readonly namespace: NamespaceScope | undefined;
  readonly image: ImageScope | undefined;
  readonly params: unknown;
}

/** A handler with its types forgotten: the router has checked what the handler's own type asks for. */
type AnyHandler = (call: Record<string, unknown>) => Promise<unknown>;

/**
 * Adds every operation of the contract below `/api/v1`. Each is authenticated, authorised and checked here, before its
 * handler sees it; a body is read only after the caller was found to be allowed.
 */
export async function registerApi(fastify: FastifyInstance, dependencies: ApiDependencies): Promise<void> {
  const handlers = apiHandlers(dependencies);
  await fastify.register(
    async (scope) => {
      await scope.register(cookie);
      acceptOnlyJson(scope);
      scope.setErrorHandler((error, request, reply) => sendError(error, request, reply));
      scope.setNotFoundHandler((request, reply) =>
        sendError(
          notFound(`Cannot find ${request.method} "${request.url.slice(0, 200)}": the API has no such path`),
          request,
          reply,
        ),
      );
      for (const [id, operation] of Object.entries(operations)) {
        // Each handler fits its own operation (type `Handlers`); TypeScript does not follow that through the loop.
        const handler = handlers[id as keyof typeof operations] as unknown as AnyHandler;
        addOperation({ scope, operation, handler, dependencies });
      }
    },
    { prefix: apiPrefix },
  );
}

function addOperation(options: {
  scope: FastifyInstance;
  operation: Operation;
  handler: AnyHandler;
  dependencies: ApiDependencies;
}): void {
  const { scope, operation, handler, dependencies } = options;
  const readParams = validator(operation.params, 'path');
  const readQuery = validator(operation.query, 'query');
  const readBody = validator(operation.body, 'body');
  const authorized = new WeakMap<FastifyRequest, Authorized>();
  scope.route({
    method: operation.method,
    url: operation.path,
    exposeHeadRoute: false,
    bodyLimit: bodySizeBytesMax,
    onRequest: async (request) => {
      const asked = { request, operation, readParams, dependencies };
      authorized.set(request, await authorize(asked));
    },
    handler: async (request, reply) => {
      const body: unknown = operation.body === undefined ? (request.body ?? {}) : request.body;
      const answer = await handler({
        ...authorized.get(request),
        query: readQuery(request.query),
        body: readBody(operation.method === 'GET' ? {} : body),
        request,
        reply,
        now: dependencies.now(),
        signal: request.signal,
      }).catch((error: unknown) => {
        const caller = authorized.get(request)?.caller;
        // What a handler does not find is nobody's; rights are refused with 403 there.
        return denied({ request, operation, dependencies, caller, error, statuses: [403] });
      });
      reply.code(operation.status).header('cache-control', 'no-store');
      if (operation.response === undefined) return reply.send();
      if (operation.mediaTypes === undefined) reply.type('application/json; charset=utf-8');
      return reply.send(JSON.stringify(answer));
    },
  });
}

/** An operation that takes no query or no body refuses every key in it. */
function validator(schema: TSchema | undefined, part: RequestPart): Validate<TSchema> {
  return compileValidator(schema ?? closed({}), part);
}

async function authorize(options: {
  request: FastifyRequest;
  operation: Operation;
  readParams: Validate<TSchema>;
  dependencies: ApiDependencies;
}): Promise<Authorized> {
  const { request, operation, readParams, dependencies } = options;
  const { access } = operation;
  if (access.kind === 'public') {
    return { caller: undefined, namespace: undefined, image: undefined, params: readParams(request.params) };
  }
  const caller = await authenticate(dependencies, request, dependencies.now()).catch((error: unknown) =>
    denied({ ...options, caller: undefined, error, statuses: [403] }),
  );
  if (caller === undefined)
    throw unauthenticated('Cannot do this without signing in: send Basic or Bearer credentials');
  try {
    return await authorizeCaller({ ...options, caller });
  } catch (error) {
    return await denied({ ...options, caller, error, statuses: [403, 404] });
  }
}

/** Writes what the rights refuse into the audit log, also what is told to be absent, and throws the error again. */
async function denied(refused: {
  request: FastifyRequest;
  operation: Operation;
  dependencies: ApiDependencies;
  caller: Caller | undefined;
  error: unknown;
  statuses: readonly number[];
}): Promise<never> {
  const { request, operation, dependencies, caller, error, statuses } = refused;
  if (error instanceof ApiError && statuses.includes(error.status)) {
    await dependencies.login.denials.record({
      kind: 'access.denied',
      actor: caller?.principal.name ?? 'anonymous',
      address: request.ip,
      userAgent: request.headers['user-agent'],
      subject: `${operation.method} ${apiPrefix}${operation.path}`,
      details: { params: request.params, status: error.status },
    });
  }
  throw error;
}

async function authorizeCaller(options: {
  request: FastifyRequest;
  operation: Operation;
  readParams: Validate<TSchema>;
  dependencies: ApiDependencies;
  caller: Caller;
}): Promise<Authorized> {
  const { request, operation, readParams, dependencies, caller } = options;
  const { access } = operation;
  if (operation.method !== 'GET' && operation.changes !== false && isReadOnly(caller.principal)) {
    throw forbidden('Cannot change anything with this access token: its scope must be full, got read-only');
  }
  if (access.kind === 'admin') authorizeAdmin(caller);
  const params: Static<TSchema> = readParams(request.params);
  const authorized = { caller, namespace: undefined, image: undefined, params };
  switch (access.kind) {
    case 'namespace': {
      const { namespace } = params as { readonly namespace: string }; // every path with this access has `:namespace`
      const scope = await authorizeNamespace(dependencies.db, { caller, namespace, right: access.right });
      return { ...authorized, namespace: scope };
    }
    case 'image': {
      const { id } = params as { readonly id: number }; // every path with this access has `:id`
      return {
        ...authorized,
        ...(await authorizeImage(dependencies.db, { caller, id, right: access.right })),
      };
    }
    case 'public':
    case 'account':
    case 'admin':
      return authorized;
  }
}

/** Other content types are refused, so that no form of another site is ever read; an empty body is none. */
function acceptOnlyJson(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: FastifyRequest, body: string) => {
      return body === '' ? undefined : parseJson(body);
    },
  );
  scope.addContentTypeParser('*', (request, _payload, done) => {
    const type = request.headers['content-type'] ?? '';
    done(
      unsupportedMediaType(`Cannot read content type "${type.slice(0, 100)}": it must be application/json`),
    );
  });
}

/** A key `__proto__` becomes an own property of the object, and so an unknown key like any other. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badRequest(
      `Cannot read the body as JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers, body, unexpected } = answerOfError(error, request.id);
  if (unexpected) request.log.error({ err: error }, 'API request failed');
  return reply
    .code(status)
    .headers({ ...headers, 'cache-control': 'no-store' })
    .send(body);
}
