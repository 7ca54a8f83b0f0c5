import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config.ts';

/** Headers must have arrived within this; bodies may take as long as they like (uploads of layers). */
const headersTimeoutMs = 10_000;
const keepAliveTimeoutMs = 65_000;

/** A Fastify without routes: limits, headers for every answer, and errors that tell the log more than the client. */
export function createHttpServer(config: Config, logger: FastifyBaseLogger): FastifyInstance {
  const fastify = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustedProxies.length === 0 ? false : [...config.trustedProxies],
    keepAliveTimeout: keepAliveTimeoutMs,
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    http: { headersTimeout: headersTimeoutMs },
    routerOptions: { maxParamLength: 512 },
  });
  const usesTls = config.externalUrl?.startsWith('https:') === true;
  fastify.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    if (usesTls) reply.header('strict-transport-security', 'max-age=31536000');
  });
  fastify.setErrorHandler((error, request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (status >= 400 && status < 500) {
      const message = error instanceof Error ? error.message : 'The request is not valid';
      return reply.code(status).send({ error: { code: 'invalid-request', message, details: null } });
    }
    request.log.error({ error, method: request.method, path: request.url.split('?')[0] }, 'a request failed');
    return reply
      .code(500)
      .send({ error: { code: 'internal', message: 'The server failed; its log says more', details: null } });
  });
  return fastify;
}
