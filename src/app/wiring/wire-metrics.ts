import { monitorEventLoopDelay } from 'node:perf_hooks';
import cookie from '@fastify/cookie';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { feedAgeSeconds, isFeedStale, readFeedStatus } from '../../advisories/feed-status.ts';
import { type AuthenticationDependencies, authenticate } from '../../api/authenticate.ts';
import { authorizeAdmin } from '../../api/authorize.ts';
import { answerOfError, unauthenticated } from '../../api/errors.ts';
import type { DatabaseConnection } from '../../database/database.ts';
import type { MetricSet } from '../../edge/metric-set.ts';
import type { JobHandler } from '../../jobs/queue.ts';
import type { PullGuard } from '../../registry/guards.ts';
import { systemClock } from '../clock.ts';
import { feedAgeMaxDays } from '../feed-age.ts';

const contentType = 'text/plain; version=0.0.4; charset=utf-8';
const jobDurationBounds = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** `/metrics`, for system administrators unless it is public. */
export function registerMetrics(
  fastify: FastifyInstance,
  options: AuthenticationDependencies & { readonly metrics: MetricSet; readonly isPublic: boolean },
): void {
  fastify.register(async (scope) => {
    await scope.register(cookie);
    scope.setErrorHandler((error, request, reply) => {
      const { status, headers, body, unexpected } = answerOfError(error, request.id);
      if (unexpected) request.log.error({ err: error }, 'the metrics failed');
      return reply.code(status).headers(headers).send(body);
    });
    scope.get('/metrics', async (request, reply) => {
      if (!options.isPublic) {
        const caller = await authenticate(options, request, systemClock());
        if (caller === undefined)
          throw unauthenticated(
            'Cannot read the metrics without signing in: send Basic or Bearer credentials of a system administrator, or set PRATIQUE_METRICS_PUBLIC',
          );
        authorizeAdmin(caller);
      }
      const text = await options.metrics.text((metric, error) =>
        request.log.warn({ metric, err: error }, 'cannot read a metric'),
      );
      return reply.header('cache-control', 'no-store').type(contentType).send(text);
    });
  });
}

/** The guard, with what it refuses and warns of counted by namespace. */
export function countedPulls(metrics: MetricSet, guard: PullGuard): PullGuard {
  const decisions = metrics.counter({
    name: 'pratique_pull_decisions_total',
    help: 'Reads of manifests and blobs that a policy blocked or warned of, by namespace',
  });
  return {
    decide: async (request) => {
      const decision = await guard.decide(request);
      const { namespace } = request.repository;
      if (decision.kind === 'deny') decisions.add({ namespace, decision: 'blocked' });
      else if (decision.warnings.length > 0) decisions.add({ namespace, decision: 'warned' });
      return decision;
    },
  };
}

/** The handlers, with how long each kind of job took. */
export function timedJobs(
  metrics: MetricSet,
): (handlers: Readonly<Record<string, JobHandler>>) => Readonly<Record<string, JobHandler>> {
  const durations = metrics.histogram(
    {
      name: 'pratique_job_duration_seconds',
      help: 'Time of background jobs, by kind (scans are jobs) and result',
    },
    jobDurationBounds,
  );
  const timed = ([kind, handler]: readonly [string, JobHandler]): [string, JobHandler] => [
    kind,
    async (payload, context) => {
      const startedMs = performance.now();
      let result = 'failed';
      try {
        await handler(payload, context);
        result = 'done';
      } finally {
        durations.observe({ kind, result }, (performance.now() - startedMs) / 1000);
      }
    },
  ];
  return (handlers) => Object.fromEntries(Object.entries(handlers).map(timed));
}

/** Gauges of database, queue, feeds and process, read when asked for. */
export function measureInstallation(metrics: MetricSet, connection: DatabaseConnection): void {
  const { db, pool } = connection;
  metrics.gauge({ name: 'pratique_scans', help: 'Images by the state of their newest scan' }, async () => {
    const rows = await db
      .selectFrom('image_scan')
      .select((eb) => ['category', 'state', eb.fn.countAll<number>().as('count')])
      .groupBy(['category', 'state'])
      .execute();
    return rows.map(({ category, state, count }) => ({ labels: { category, state }, value: count }));
  });
  metrics.gauge({ name: 'pratique_queue_jobs', help: 'Jobs that wait or run, by kind' }, async () => {
    const { rows } = await sql<{ kind: string; state: string; count: number }>`
      select task_identifier as kind, case when locked_at is null then 'waiting' else 'running' end as state,
        count(*)::int as count
      from graphile_worker.jobs where attempts < max_attempts or locked_at is not null group by 1, 2`.execute(
      db,
    );
    return rows.map(({ kind, state, count }) => ({ labels: { kind, state }, value: count }));
  });
  metrics.gauge({ name: 'pratique_feed_records', help: 'Records held of each advisory feed' }, async () =>
    (await readFeedStatus(db)).map(({ name, recordCount }) => ({
      labels: { feed: name },
      value: recordCount,
    })),
  );
  metrics.gauge(
    { name: 'pratique_feed_age_seconds', help: 'Time since a feed was last known to equal its source' },
    async () => {
      const now = systemClock();
      return (await readFeedStatus(db)).flatMap((feed) => {
        const value = feedAgeSeconds(feed, now);
        return value === undefined ? [] : [{ labels: { feed: feed.name }, value }];
      });
    },
  );
  metrics.gauge(
    {
      name: 'pratique_feed_stale',
      help: `1 where a feed was never read, or not for over ${feedAgeMaxDays} days, or EPSS or KEV stand still`,
    },
    async () => {
      const limit = { now: systemClock(), feedAgeMaxDays };
      return (await readFeedStatus(db)).map((feed) => ({
        labels: { feed: feed.name },
        value: isFeedStale(feed, limit) ? 1 : 0,
      }));
    },
  );
  metrics.gauge(
    { name: 'pratique_feed_failures', help: 'Attempts to update a feed that failed since the last good one' },
    async () =>
      (await readFeedStatus(db)).map(({ name, failures }) => ({ labels: { feed: name }, value: failures })),
  );
  metrics.gauge(
    {
      name: 'pratique_feed_newest_record_timestamp_seconds',
      help: 'When the newest record of a feed was changed (Unix time)',
    },
    async () =>
      (await readFeedStatus(db)).flatMap(({ name, newestRecordAt }) =>
        newestRecordAt === undefined
          ? []
          : [{ labels: { feed: name }, value: newestRecordAt.getTime() / 1000 }],
      ),
  );
  metrics.gauge({ name: 'pratique_database_connections', help: 'Connections of the pool, by state' }, () => [
    { labels: { state: 'idle' }, value: pool.idleCount },
    { labels: { state: 'busy' }, value: pool.totalCount - pool.idleCount },
  ]);
  metrics.gauge({ name: 'pratique_database_waiting', help: 'Queries that wait for a connection' }, () => [
    { value: connection.waiting() },
  ]);
  measureProcess(metrics);
}

function measureProcess(metrics: MetricSet): void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  metrics.gauge(
    { name: 'pratique_event_loop_lag_seconds', help: 'Delay of the event loop since the last reading' },
    () => {
      const sample = (quantile: string, nanoseconds: number) => ({
        labels: { quantile },
        value: Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0,
      });
      const samples = [
        sample('0.5', delay.percentile(50)),
        sample('0.99', delay.percentile(99)),
        sample('1', delay.max),
      ];
      delay.reset();
      return samples;
    },
  );
  metrics.gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory of the process' }, () => [
    { value: process.memoryUsage.rss() },
  ]);
  metrics.gauge({ name: 'nodejs_heap_size_used_bytes', help: 'Used part of the JavaScript heap' }, () => [
    { value: process.memoryUsage().heapUsed },
  ]);
  metrics.gauge({ name: 'process_uptime_seconds', help: 'Time since the process began' }, () => [
    { value: process.uptime() },
  ]);
}
