import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AccountBusyError } from '../accounts/account-busy-error.ts';
import { findLiveAccount } from '../accounts/live-account.ts';
import { manifestSizeBytesMax } from '../oci/parse-manifest.ts';
import { answerToken, queryOf } from './answer-token.ts';
import { type Challenges, challengeOf } from './authorize.ts';
import { getBlob } from './blobs/get-blob.ts';
import { continueUpload, startUpload } from './blobs/receive-upload.ts';
import { SendBuffers } from './blobs/send-blob.ts';
import { BodyRoom } from './body-room.ts';
import { holderOf, readCredentials } from './credentials.ts';
import { deleteContent } from './delete-content.ts';
import type { RegistryCall, RegistryDependencies, RegistryParts } from './dependencies.ts';
import { isDeletedMeanwhile, refusalOfFailure, refusals, refuse } from './errors.ts';
import { getReferrers, listCatalog, listTags } from './list-content.ts';
import { getManifest } from './manifests/get-manifest.ts';
import { ManifestCache } from './manifests/manifest-cache.ts';
import { ManifestExaminer } from './manifests/manifest-examiner.ts';
import { receiveManifest } from './manifests/receive-manifest.ts';
import { parseRegistryPath, type RegistryPath } from './parse-path.ts';
import { ClientGoneError } from './read-body.ts';
import { situationReader } from './situation.ts';

const manifestCacheBytesMax = 64 * 1024 * 1024;
const tokenPath = '/token';
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Adds the distribution API (`/v2/…`) and its token endpoint (`/token`) to a server. Bodies are read as they come, so
 * the parsers and the body limit of the server do not apply to them.
 */
export async function registerRegistry(
  fastify: FastifyInstance,
  dependencies: RegistryDependencies,
): Promise<void> {
  const parts: RegistryParts = {
    ...dependencies,
    challenges: challengesAt(dependencies.externalUrl),
    readSituation: situationReader(dependencies.connection),
    manifestCache: new ManifestCache({
      db: dependencies.connection.db,
      sizeBytesMax: manifestCacheBytesMax,
    }),
    sendBuffers: new SendBuffers(),
    bodyRoom: new BodyRoom(manifestSizeBytesMax),
    manifestExaminer: new ManifestExaminer(),
  };
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    // What Fastify refuses before a handler runs, such as a Content-Type that is none, has the form of the others.
    scope.setErrorHandler<FastifyError>((error, request, reply) =>
      refuse(
        reply,
        error.statusCode !== undefined && error.statusCode < 500
          ? refusals.parameterInvalid(`Cannot read the request: ${error.message}`)
          : refusals.unavailable(request.id),
      ),
    );
    scope.route({
      method: ['GET', 'POST'],
      url: tokenPath,
      exposeHeadRoute: false,
      handler: async (request, reply) =>
        await answering(request, reply, () => answerToken(partsOf(parts, request), request, reply)),
    });
    for (const url of ['/v2', '/v2/', '/v2/*']) {
      scope.route({
        method: methods,
        url,
        exposeHeadRoute: false,
        handler: async (request, reply) =>
          await answering(request, reply, () => dispatch(partsOf(parts, request), request, reply)),
      });
    }
  });
}

function challengesAt(externalUrl: string): Challenges {
  return { externalUrl, realm: `${externalUrl}${tokenPath}`, service: new URL(externalUrl).host };
}

/** Behind a trusted proxy, challenges and report links name the URL that the client has used. */
function partsOf(parts: RegistryParts, request: FastifyRequest): RegistryParts {
  const url = parts.externalUrlOf?.(request) ?? parts.externalUrl;
  return url === parts.externalUrl ? parts : { ...parts, challenges: challengesAt(url) };
}

/** Nothing but a refusal leaves when something fails: 503 and the reason in the log. */
async function answering(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await answer();
  } catch (error) {
    const isGone = error instanceof ClientGoneError || request.raw.socket.destroyed;
    const path = request.url.split('?', 1)[0];
    if (isGone) request.log.debug({ err: error, path }, 'a client went away');
    else if (error instanceof AccountBusyError) request.log.debug({ path }, error.message);
    else if (!isDeletedMeanwhile(error))
      request.log.error({ err: error, method: request.method, path }, 'a registry request failed');
    for (const name of Object.keys(reply.getHeaders())) {
      if (name !== 'x-request-id') reply.removeHeader(name);
    }
    return refuse(reply, refusalOfFailure(error, request.id));
  }
}

async function dispatch(
  parts: RegistryParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.header('docker-distribution-api-version', 'registry/2.0');
  const end = request.url.indexOf('?');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const path = parseRegistryPath(end < 0 ? request.url : request.url.slice(0, end), { isRead });
  if (path.kind === 'refused') return refuse(reply, path);
  const credentials = await readCredentials(request, parts);
  return await route({ parts, request, reply, credentials, query: queryOf(request) }, path);
}

async function route(
  call: RegistryCall,
  path: Exclude<RegistryPath, { kind: 'refused' }>,
): Promise<FastifyReply> {
  const { reply } = call;
  const { method } = call.request;
  const isRead = method === 'GET' || method === 'HEAD';
  switch (path.kind) {
    case 'ping':
      if (isRead) return await ping(call);
      break;
    case 'catalog':
      if (isRead) return await listCatalog(call);
      break;
    case 'tags':
      if (isRead) return await listTags(call, path.name);
      break;
    case 'referrers':
      if (isRead) return await getReferrers(call, path);
      break;
    case 'manifest':
      if (isRead) return await getManifest(call, path);
      if (method === 'PUT') return await receiveManifest(call, path);
      if (method === 'DELETE') return await deleteContent(call, path);
      break;
    case 'blob':
      if (isRead) return await getBlob(call, path);
      if (method === 'DELETE') return await deleteContent(call, path);
      break;
    case 'uploads':
      if (method === 'POST') return await startUpload(call, path.name);
      break;
    case 'upload':
      if (method !== 'POST') return await continueUpload(call, path);
      break;
  }
  return refuse(
    reply,
    refusals.unsupported(`Cannot ${method} this path: it must be a method of the OCI distribution API`),
  );
}

/** "Am I signed in?": any valid token or password will do, an anonymous token too (spec.md#determining-support). */
async function ping(call: RegistryCall): Promise<FastifyReply> {
  const { parts, reply, credentials } = call;
  if (credentials.kind === 'limited') {
    return refuse(reply, refusals.tooManyRequests(credentials.retryAfterSeconds));
  }
  const holder = holderOf(credentials);
  const isProven =
    (credentials.kind === 'token' || credentials.kind === 'password') &&
    (holder === undefined || (await findLiveAccount(parts.connection.db, holder)) !== undefined);
  if (!isProven) {
    const error = credentials.kind === 'none' ? {} : { error: 'invalid_token' };
    return refuse(
      reply,
      refusals.unauthorized(
        'Cannot use the registry without signing in',
        challengeOf(parts.challenges, error),
      ),
    );
  }
  return reply.header('content-type', 'application/json').send('{}');
}
