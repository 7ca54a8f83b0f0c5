import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import type { MetricSet } from '../metrics/metric-set.ts';
import { routeClassOf } from './route-class.ts';

/** Whose requests are recorded: what was proven, never what a client says of itself. */
export class Principals {
  readonly #names = new WeakMap<FastifyRequest, string>();

  /** Called where credentials have been checked. */
  readonly note = (request: FastifyRequest, name: string): void => {
    this.#names.set(request, name);
  };

  nameOf(request: FastifyRequest): string {
    return this.#names.get(request) ?? 'anonymous';
  }
}

const pathLengthMax = 300;
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];

/**
 * Records each request when its answer has ended or its client has gone: one line in the log and the HTTP metrics.
 * Headers, queries and bodies are not in it: they may hold secrets (threats.md E4, E6).
 */
export function recordRequests(
  fastify: FastifyInstance,
  options: {
    readonly principals: Principals;
    readonly metrics: MetricSet;
    readonly logger: FastifyBaseLogger;
  },
): void {
  const count = httpMetrics(options.metrics);
  const counted = new WeakMap<object, { readBytes: number; writtenBytes: number }>();
  fastify.addHook('onRequest', async (request, reply) => {
    const { socket } = request.raw;
    const startedMs = performance.now();
    // A connection that is gone has no address any more.
    const client = plain(request.ip);
    const route = routeClassOf(pathOf(request));
    const isUpload = route === 'upload' && request.method !== 'GET' && request.method !== 'HEAD';
    if (isUpload) count.uploads.running += 1;
    reply.raw.once('close', () => {
      if (isUpload) count.uploads.running -= 1;
      const durationMs = performance.now() - startedMs;
      // The head has been read by now: what a connection has moved counts for the request that ends on it.
      const before = counted.get(socket) ?? { readBytes: 0, writtenBytes: 0 };
      counted.set(socket, { readBytes: socket.bytesRead, writtenBytes: socket.bytesWritten });
      const receivedBytes = socket.bytesRead - before.readBytes;
      const sentBytes = socket.bytesWritten - before.writtenBytes;
      const isWhole = reply.raw.writableFinished;
      // nginx's number for a client that went away before its answer had ended.
      const status = isWhole ? reply.raw.statusCode : 499;
      count.ended({ route, method: methodOf(request.method), status, durationMs, receivedBytes, sentBytes });
      const line = {
        id: request.id,
        principal: options.principals.nameOf(request),
        client,
        method: methodOf(request.method),
        route,
        path: plain(pathOf(request)),
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        receivedBytes,
        sentBytes,
      };
      const level = route === 'health' || route === 'metrics' ? 'debug' : 'info';
      options.logger[level](line, 'request');
    });
  });
}

function httpMetrics(metrics: MetricSet) {
  const requests = metrics.counter({
    name: 'pratique_http_requests_total',
    help: 'Requests answered, by route class, method and status; 499: the client went away',
  });
  const durations = metrics.histogram(
    { name: 'pratique_http_request_duration_seconds', help: 'Time from request to the end of its answer' },
    durationBounds,
  );
  const received = metrics.counter({
    name: 'pratique_http_received_bytes_total',
    help: 'Bytes that clients sent, by route class',
  });
  const sent = metrics.counter({
    name: 'pratique_http_sent_bytes_total',
    help: 'Bytes that clients were sent, by route class',
  });
  const uploads = { running: 0 };
  metrics.gauge(
    { name: 'pratique_uploads_in_flight', help: 'Requests that push blobs and have not ended' },
    () => [{ value: uploads.running }],
  );
  return {
    uploads,
    ended: (request: {
      readonly route: string;
      readonly method: string;
      readonly status: number;
      readonly durationMs: number;
      readonly receivedBytes: number;
      readonly sentBytes: number;
    }) => {
      const { route, method } = request;
      requests.add({ route, method, status: String(request.status) });
      durations.observe({ route, method }, request.durationMs / 1000);
      received.add({ route }, request.receivedBytes);
      sent.add({ route }, request.sentBytes);
    },
  };
}

/** Clients may invent methods; each would be a series. */
function methodOf(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method) ? method : 'other';
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

/** JSON escapes the C0 controls; the others, which terminals and viewers obey, are replaced (threats.md E5). */
function plain(text: string | undefined): string {
  return (text ?? '').slice(0, pathLengthMax).replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '\ufffd');
}
