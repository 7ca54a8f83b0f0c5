import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { AccountLogin } from '../accounts/account-login.ts';
import { PasswordLogin } from '../accounts/password-login.ts';
import type { WebhookParts } from '../api/api-dependencies.ts';
import { presenceStatement } from '../catalog/uploads.ts';
import { Notifications } from '../database/notifications.ts';
import { MetricSet } from '../edge/metric-set.ts';
import { GraphileQueue } from '../jobs/graphile-queue.ts';
import { attachDocument } from '../registry/manifests/attach-document.ts';
import { type Address, chooseAddress, listenError } from './address.ts';
import { ensureAdmin } from './administration/admin-account.ts';
import { registerConsole } from './console-files.ts';
import { createHttpServer } from './create-http-server.ts';
import { registerHealth } from './health.ts';
import { type Installation, openInstallation } from './installation.ts';
import { malwareJob, malwareJobKind, malwareSchedule } from './malware-job.ts';
import { scrubJob, scrubJobKind, scrubSchedule } from './scrub-job.ts';
import type { Config } from './settings/config.ts';
import { storageHealth, type WatchedFolder } from './storage-health.ts';
import { tidyJob, tidyJobKind, tidySchedule } from './tidy-job.ts';
import { openJavaArchives } from './wiring/java-archives.ts';
import { type MalwareEngines, openMalwareEngines } from './wiring/malware-engines.ts';
import { openAccessSecrets } from './wiring/open-access-secrets.ts';
import { openInspections } from './wiring/open-inspections.ts';
import { takeTurns } from './wiring/turns-of-requests.ts';
import { warmSearches } from './wiring/warm-searches.ts';
import { queueSyncWhenDue, syncSchedule, wireSyncJob } from './wiring/wire-advisories.ts';
import { wireApi } from './wiring/wire-api.ts';
import { type BlobBytes, blobBytes, type KeptStore, openBlobStore } from './wiring/wire-blobs.ts';
import { createGate } from './wiring/wire-gate.ts';
import { measureMalwareEngines } from './wiring/wire-malware-metrics.ts';
import { countedPulls, measureInstallation, registerMetrics, timedJobs } from './wiring/wire-metrics.ts';
import { wireRegistry } from './wiring/wire-registry.ts';
import { createFactsStore, scanJobHandlers } from './wiring/wire-scan.ts';
import { countedRefusals, measureNamespaces } from './wiring/wire-upkeep.ts';
import { wireWebhooks } from './wiring/wire-webhooks.ts';

/** A server that answers requests. */
export interface RunningServer {
  /** Where people open it. */
  readonly url: string;
  /** The password that this start made for `admin`, and its file; absent unless it is the first start. */
  readonly firstPassword?: { readonly password: string; readonly file: string };
  /**
   * Stops within 30 s: no longer ready, then requests and jobs end or are left resumable, then the database stops.
   * `drainMs`: how long a load balancer is given to notice before connections are refused.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

const requestsEndMs = 20_000;
const consoleFolder = fileURLToPath(new URL('../../console/dist', import.meta.url));

/** Starts everything on the data folder. Throws `StartError` (one line for people) or what else went wrong. */
export async function startServer(config: Config): Promise<RunningServer> {
  const logger = pino({ level: config.logLevel, base: null });
  // What was started last is stopped first, by `stop()` and by a start that fails half-way.
  const started = new AsyncDisposableStack();
  try {
    return await start(config, logger, started);
  } catch (cause) {
    await started.disposeAsync();
    throw cause;
  }
}

async function start(config: Config, logger: Logger, started: AsyncDisposableStack): Promise<RunningServer> {
  const archives = openJavaArchives(config);
  started.defer(() => archives?.close());
  const onEvent = (message: string) => logger.warn(message);
  const installation = await openInstallation(config, { role: 'server', onEvent });
  started.defer(() => installation.close());
  const { connection } = installation;
  const instance = randomInt(2 ** 31 - 1);
  const listener = new Notifications({
    config: connection.config,
    atConnect: presenceStatement(instance),
    onError: (error) => logger.warn({ err: error }, 'the listener lost its connection to PostgreSQL'),
  });
  started.defer(() => listener.close());
  const [firstPassword, address] = await Promise.all([
    ensureAdmin(connection.db, { dataFolder: config.dataFolder, password: config.adminPassword }),
    chooseAddress(config),
    listener.start(),
  ]);
  const inBackground = { ...installation, connection: installation.jobsConnection };
  const queue = openQueue(installation, logger);
  const state = { stopping: false };
  const malware = openMalwareEngines(config);
  started.defer(() => malware.close());
  const metrics = new MetricSet();
  const { externalUrl } = address;
  const webhooks = wireWebhooks(installation, { queue, externalUrl });
  const services = { installation, logger, listener, queue, started, externalUrl, metrics, instance };
  const parts = { ...services, malware, webhooks: webhooks.parts };
  const { fastify, store, blobs } = await createServices(parts, () => missingPart({ ...parts, state }));
  await listen(fastify, address);
  const inspections = openInspections(config, { for: 'server' });
  started.defer(() => inspections.close());
  const timed = timedJobs(metrics);
  // They wait for others' servers, so they have places of their own beside scans.
  const deliveries = openQueue(installation, logger);
  started.defer(() => deliveries.stop());
  await deliveries.start({ ...webhooks.jobs, handlers: timed(webhooks.jobs.handlers) });
  started.defer(() => queue.stop());
  await queue.start({
    handlers: timed({
      ...scanJobHandlers(inBackground, {
        blobs,
        inspections,
        engines: malware.engines,
        archives,
        logger,
        enqueuer: queue,
        metrics,
      }),
      [malwareJobKind]: malwareJob(inBackground, { malware, queue, logger }),
      ...wireSyncJob(inBackground, { enqueuer: queue, logger }),
      [tidyJobKind]: tidyJob(inBackground, { store, logger, metrics }),
      [scrubJobKind]: scrubJob(inBackground, { store, logger, metrics }),
    }),
    schedules: [
      syncSchedule(installation),
      tidySchedule,
      scrubSchedule,
      ...(malware.engines.length === 0 ? [] : [malwareSchedule]),
    ],
    concurrency: config.scanConcurrency,
  });
  await queueSyncWhenDue(queue, installation);
  const warming = new AbortController();
  const warmed = warmSearches(inBackground, warming.signal).catch(() => {
    // What fails here fails again for who asks, and is told then.
  });
  started.defer(async () => {
    warming.abort();
    await warmed;
  });
  const stop = async (options?: { readonly drainMs?: number }) => {
    if (state.stopping) return;
    state.stopping = true;
    await sleep(options?.drainMs ?? 0);
    await started.disposeAsync();
  };
  return { url: address.externalUrl, ...(firstPassword === undefined ? {} : { firstPassword }), stop };
}

/** Workers of their own on the one queue of the database; who enqueues may use any. */
function openQueue({ jobsConnection }: Installation, logger: Logger): GraphileQueue {
  const onTrouble = (message: string) => logger.warn({ part: 'queue' }, message);
  return new GraphileQueue({ connection: jobsConnection, onTrouble });
}

/** Registry, API, console and health on one HTTP server that does not listen yet. */
async function createServices(
  parts: {
    readonly installation: Installation;
    readonly logger: Logger;
    readonly listener: Notifications;
    readonly queue: GraphileQueue;
    readonly started: AsyncDisposableStack;
    readonly externalUrl: string;
    readonly metrics: MetricSet;
    readonly instance: number;
    readonly malware: MalwareEngines;
    readonly webhooks: WebhookParts;
  },
  missing: () => Promise<string | undefined>,
): Promise<{ readonly fastify: FastifyInstance; readonly store: KeptStore; readonly blobs: BlobBytes }> {
  const { installation, logger, listener, queue, started, externalUrl, metrics, malware, webhooks } = parts;
  const { config, connection } = installation;
  const { db } = connection;
  const store = await openBlobStore(config);
  const blobs = blobBytes(db, store);
  const secrets = await openAccessSecrets(installation);
  const login = new AccountLogin({ db, secrets, passwords: new PasswordLogin({ db }) });
  const facts = createFactsStore(installation, listener);
  started.defer(() => facts.close());
  const gate = createGate(installation, { facts, listener, enqueuer: queue, externalUrl });
  const http = createHttpServer({ config, logger, externalUrl, metrics });
  const { fastify, externalUrlOf, notePrincipal } = http;
  takeTurns(fastify, installation.turns);
  started.defer(() => http.close());
  started.defer(() => closeHttp(fastify, logger));
  // Held pulls must not keep the server from stopping.
  started.defer(() => gate.close());
  registerHealth(fastify, { missing, problems: storageHealth(watchedFolders(config)) });
  const pullGuard = countedPulls(metrics, gate.pullGuard);
  const urls = { externalUrl, externalUrlOf, notePrincipal };
  const onQuotaRefused = countedRefusals(metrics);
  await wireRegistry(fastify, installation, {
    store,
    login,
    gate,
    pullGuard,
    instance: parts.instance,
    onQuotaRefused,
    ...urls,
  });
  const { pushObserver } = gate;
  const attaching = { db, store, pushObserver, onQuotaRefused };
  await wireApi(fastify, installation, {
    login,
    secrets,
    facts,
    gate,
    queue,
    blobs,
    malware,
    webhooks,
    attachDocument: (document) => attachDocument(attaching, document),
    ...urls,
  });
  measureInstallation(metrics, connection);
  measureMalwareEngines(metrics, malware);
  measureNamespaces(metrics, db);
  registerMetrics(fastify, {
    db,
    login,
    secrets,
    notePrincipal,
    metrics,
    isPublic: config.metricsArePublic,
  });
  await registerConsole(fastify, consoleFolder);
  return { fastify, store, blobs };
}

/** Waits for running requests, and cuts what still runs after a while: an upload goes on where it was. */
async function closeHttp(fastify: FastifyInstance, logger: Logger): Promise<void> {
  const cut = setTimeout(() => {
    logger.warn(`cut the requests that still ran ${requestsEndMs} ms after the stop`);
    fastify.server.closeAllConnections();
  }, requestsEndMs);
  await fastify.close();
  clearTimeout(cut);
}

function watchedFolders({ dataFolder, blobsFolder, databaseUrl }: Config): readonly WatchedFolder[] {
  const blobs = { name: 'blob store', folder: blobsFolder };
  return databaseUrl === undefined ? [blobs, { name: 'data folder', folder: dataFolder }] : [blobs];
}

async function missingPart(parts: {
  readonly state: { readonly stopping: boolean };
  readonly installation: Installation;
  readonly listener: Notifications;
}): Promise<string | undefined> {
  if (parts.state.stopping) return 'the server stops';
  if (!parts.listener.isListening()) return 'no connection to the database';
  const answered = parts.installation.connection.pool.query('select 1').then(
    () => true,
    () => false,
  );
  return (await answered) ? undefined : 'the database does not answer';
}

async function listen(fastify: FastifyInstance, { host, port }: Address): Promise<void> {
  try {
    await fastify.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` });
  } catch (cause) {
    throw listenError({ host, port }, cause);
  }
}
