import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { AccountBusyError } from '../accounts/account-busy-error.ts';
import { capConnections } from '../edge/cap-connections.ts';
import { Exchanges } from '../edge/exchanges.ts';
import { forwardedOrigin, readForwardedHeader } from '../edge/forwarded-origin.ts';
import type { MetricSet } from '../edge/metric-set.ts';
import { requestIds } from '../edge/request-ids.ts';
import { measureUploads, RequestRecord } from '../edge/request-record.ts';
import { type PaceLimits, SlowClients } from '../edge/slow-clients.ts';
import { answerPlainHttp, readTlsFiles, TlsFilesError, watchTlsFiles } from '../edge/tls-files.ts';
import { TrustedPeers } from '../edge/trusted-peers.ts';
import { systemClock } from './clock.ts';
import type { Config } from './settings/config.ts';
import { StartError } from './start-error.ts';

/** What clients have to keep up (threats.md E8). */
export interface HttpLimits {
  /** Headers must have arrived within this of the connection or of the answer before. */
  readonly headersMs: number;
  /** A connection without a request is closed after this. */
  readonly idleMs: number;
  /** How often the two above are looked at. */
  readonly checkMs: number;
  /** Request line and headers together. */
  readonly headersSizeBytesMax: number;
  readonly pace: PaceLimits;
  /** How often changed TLS files are looked for. */
  readonly tlsCheckMs: number;
}

/** By the setting for patience with clients; headers never get longer than 10 s. */
export function httpLimitsOf({ clientTimeoutSeconds }: Pick<Config, 'clientTimeoutSeconds'>): HttpLimits {
  const idleMs = clientTimeoutSeconds * 1_000;
  const headersMs = Math.min(10_000, idleMs);
  return {
    headersMs,
    idleMs,
    checkMs: headersMs / 5,
    headersSizeBytesMax: 16 * 1024,
    pace: { spanMs: idleMs, uploadBytesPerSecondMin: 1024, checkMs: idleMs / 12 },
    tlsCheckMs: 5_000,
  };
}

/** A Fastify without routes, and what the routes need to know of their clients. */
export interface HttpServer {
  readonly fastify: FastifyInstance;
  /** Where this request's client reaches this server, without a slash at the end. */
  readonly externalUrlOf: (request: FastifyRequest) => string;
  /** Names who sent a request in its line of the log. Throws `AccountBusyError` when they have too many under way. */
  readonly notePrincipal: (request: FastifyRequest, name: string) => void;
  close(): void;
}

interface HttpOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Without a slash at the end. Counts for all requests when the settings have one. */
  readonly externalUrl: string;
  readonly metrics: MetricSet;
  readonly limits?: HttpLimits;
}

/** Limits, headers for every answer, its record, and errors that tell the log more than the client. Throws `StartError`. */
export function createHttpServer(options: HttpOptions): HttpServer {
  const { config, logger, limits = httpLimitsOf(options.config) } = options;
  const peers = new TrustedPeers(config.trustedProxies);
  const closers: (() => void)[] = [];
  const fastify = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: peers.isEmpty ? false : [...config.trustedProxies],
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 512 },
    genReqId: requestIds(),
    serverFactory: (handler) => {
      const { server, close } = nodeServer(handler, { config, limits, logger });
      closers.push(close);
      capConnections(server, {
        perAddressMax: config.clientConnectionsMax,
        peers,
        metrics: options.metrics,
        onRefused: (client) => logger.warn({ client }, 'closed a connection: its address has too many'),
      });
      return server;
    },
  });
  const externalUrlOf = urlReader(options, peers);
  const { exchanges, close: stopWatching } = watchExchanges(options, limits.pace);
  closers.push(stopWatching);
  // Runs for every request, however small: it makes no promise and no closure.
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!peers.isEmpty) readForwardedHeader(request.raw, peers);
    const { id, raw, ip } = request;
    // A connection that is gone has no address any more.
    const client = ip ?? '';
    exchanges.begin({
      id,
      request: raw,
      response: reply.raw,
      client,
      startedMs: performance.now(),
      principal: 'anonymous',
      isProven: false,
    });
    reply.header('x-request-id', id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    if (externalUrlOf(request).startsWith('https:'))
      reply.header('strict-transport-security', 'max-age=31536000');
    done();
  });
  answerErrors(fastify);
  const close = () => {
    for (const closeOne of closers) closeOne();
  };
  const notePrincipal = (request: FastifyRequest, name: string) => {
    const requestsMax = config.clientConnectionsMax;
    if (exchanges.notePrincipal(request, name) > requestsMax) throw new AccountBusyError(name, requestsMax);
  };
  return { fastify, externalUrlOf, notePrincipal, close };
}

/** Records each exchange when it ends, and cuts those whose client is too slow. */
function watchExchanges(
  { metrics, logger }: HttpOptions,
  pace: PaceLimits,
): { readonly exchanges: Exchanges; close(): void } {
  const record = new RequestRecord({ metrics, logger });
  const exchanges = new Exchanges((exchange, moved) => record.write(exchange, moved));
  measureUploads(metrics, exchanges);
  const slowClients = new SlowClients({
    limits: pace,
    exchanges,
    onCut: ({ id, client }, reason) => logger.warn({ id, client, reason }, 'cut a client that was too slow'),
  });
  return { exchanges, close: () => slowClients.close() };
}

/** The setting wins; without it, what a trusted proxy forwards; else the address that is listened on. */
function urlReader(options: HttpOptions, peers: TrustedPeers): HttpServer['externalUrlOf'] {
  const { config, externalUrl } = options;
  if (config.externalUrl !== undefined || peers.isEmpty) return () => externalUrl;
  const scheme = config.tls === undefined ? 'http' : 'https';
  return (request) => forwardedOrigin(request.raw, { peers, scheme }) ?? externalUrl;
}

function nodeServer(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  { config, limits, logger }: Pick<HttpOptions, 'config' | 'logger'> & { readonly limits: HttpLimits },
): { readonly server: Server; close(): void } {
  const timing = {
    headersTimeout: limits.headersMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headersSizeBytesMax,
    // Layers may take as long as they need: their rate is what is watched.
    requestTimeout: 0,
  };
  const { tls } = config;
  if (tls === undefined) return { server: createServer(timing, handler), close: () => {} };
  const files = usableTls(tls);
  const { cert, key, minVersion } = files;
  for (const warning of files.warnings) logger.warn(warning);
  const server = createTlsServer(
    { ...timing, cert, key, minVersion, handshakeTimeout: limits.headersMs },
    handler,
  );
  answerPlainHttp(server, limits.headersMs);
  const { close } = watchTlsFiles(server, tls, {
    now: systemClock,
    checkMs: limits.tlsCheckMs,
    onChange: (warnings) => {
      logger.info('took the changed TLS certificate into use');
      for (const warning of warnings) logger.warn(warning);
    },
    onRefused: (error) =>
      logger.error({ err: error }, 'kept the TLS certificate: the changed files are unusable'),
  });
  return { server: asPlain(server), close };
}

/** Fastify is typed for the plain server; what it uses, both have. */
function asPlain(server: TlsServer): Server {
  return server as unknown as Server;
}

function usableTls(tls: NonNullable<Config['tls']>): ReturnType<typeof readTlsFiles> {
  try {
    return readTlsFiles(tls, systemClock());
  } catch (cause) {
    if (cause instanceof TlsFilesError) throw new StartError(cause.message, { cause });
    throw cause;
  }
}

function answerErrors(fastify: FastifyInstance): void {
  fastify.setErrorHandler((error, request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (status >= 400 && status < 500) {
      const message = error instanceof Error ? error.message : 'The request is not valid';
      return reply.code(status).send({ error: { code: 'invalid-request', message, details: null } });
    }
    request.log.error(
      { err: error, method: request.method, path: request.url.split('?')[0] },
      'a request failed',
    );
    const message = `The server failed; its log says more under request id ${request.id}`;
    const details = { requestId: request.id };
    return reply.code(500).send({ error: { code: 'internal', message, details } });
  });
}
