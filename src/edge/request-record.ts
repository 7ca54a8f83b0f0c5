import { type Exchange, type Exchanges, isUpload, type MovedBytes, pathOf } from './exchanges.ts';
import type { CounterSeries, HistogramSeries, MetricSet } from './metric-set.ts';
import { type RouteClass, routeClassOf } from './route-class.ts';

/** Where lines go; which levels are written is asked before a line is made. */
export interface RecordLogger {
  isLevelEnabled(level: 'info' | 'debug'): boolean;
  info(line: object, message: string): void;
  debug(line: object, message: string): void;
}

const pathLengthMax = 300;
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];
const knownMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);
/** nginx's number for a client that went away before its answer had ended. */
const clientGoneStatus = 499;

/**
 * Records exchanges that have ended: one line in the log and the HTTP metrics each.
 * Headers, queries and bodies are not in it: they may hold secrets (threats.md E4, E6).
 */
export class RequestRecord {
  readonly #logger: RecordLogger;
  readonly #seriesOf: SeriesByRoute;

  constructor(options: { readonly metrics: MetricSet; readonly logger: RecordLogger }) {
    this.#logger = options.logger;
    this.#seriesOf = seriesByRoute(options.metrics);
  }

  write(exchange: Exchange, moved: MovedBytes): void {
    const durationMs = performance.now() - exchange.startedMs;
    const { request, response } = exchange;
    const path = pathOf(request);
    const route = routeClassOf(path);
    const method = methodOf(request.method);
    const status = response.writableFinished ? response.statusCode : clientGoneStatus;
    const series = this.#seriesOf(route, method, status);
    series.requests.add(1);
    series.durations.observe(durationMs / 1000);
    series.received.add(moved.receivedBytes);
    series.sent.add(moved.sentBytes);
    const level = route === 'health' || route === 'metrics' ? 'debug' : 'info';
    if (!this.#logger.isLevelEnabled(level)) return;
    const line = {
      id: exchange.id,
      principal: exchange.principal,
      client: plain(exchange.client),
      method,
      route,
      path: plain(path),
      status,
      durationMs: Math.round(durationMs * 10) / 10,
      receivedBytes: moved.receivedBytes,
      sentBytes: moved.sentBytes,
    };
    this.#logger[level](line, 'request');
  }
}

/** How many uploads run, counted when asked. */
export function measureUploads(metrics: MetricSet, exchanges: Exchanges): void {
  metrics.gauge(
    { name: 'pratique_uploads_in_flight', help: 'Requests that push blobs and have not ended' },
    () => [{ value: [...exchanges.running()].filter(isUpload).length }],
  );
}

interface RequestSeries {
  readonly requests: CounterSeries;
  readonly durations: HistogramSeries;
  readonly received: CounterSeries;
  readonly sent: CounterSeries;
}

type SeriesByRoute = (route: RouteClass, method: string, status: number) => RequestSeries;

/** Each series is looked up by its labels once. Routes, methods and statuses are few, whatever clients send. */
function seriesByRoute(metrics: MetricSet): SeriesByRoute {
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
  const known = new Map<RouteClass, Map<string, Map<number, RequestSeries>>>();
  return (route, method, status) => {
    const found = known.get(route)?.get(method)?.get(status);
    if (found !== undefined) return found;
    const made: RequestSeries = {
      requests: requests.series({ route, method, status: String(status) }),
      durations: durations.series({ route, method }),
      received: received.series({ route }),
      sent: sent.series({ route }),
    };
    const byMethod = known.get(route) ?? new Map<string, Map<number, RequestSeries>>();
    const byStatus = byMethod.get(method) ?? new Map<number, RequestSeries>();
    known.set(route, byMethod.set(method, byStatus.set(status, made)));
    return made;
  };
}

/** Clients may invent methods; each would be a series. */
function methodOf(method: string | undefined): string {
  return method !== undefined && knownMethods.has(method) ? method : 'other';
}

/** JSON escapes the C0 controls; the others, which terminals and viewers obey, are replaced (threats.md E5). */
function plain(text: string): string {
  return text.slice(0, pathLengthMax).replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '\ufffd');
}
