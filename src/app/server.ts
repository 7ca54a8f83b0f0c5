import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { Notifications } from '../database/notifications.ts';
import { GraphileQueue } from '../jobs/graphile-queue.ts';
import { ensureAdmin } from './admin-account.ts';
import type { Config } from './config.ts';
import { registerConsole } from './console-files.ts';
import { createHttpServer } from './create-http-server.ts';
import { registerHealth } from './health.ts';
import { type Installation, openInstallation } from './installation.ts';
import { StartError } from './start-error.ts';
import { tidyJob, tidyJobKind, tidySchedule } from './tidy-job.ts';
import { queueSyncWhenDue, syncJob, syncJobKind, syncSchedule } from './wire-advisories.ts';
import { blobBytes, openBlobStore } from './wire-blobs.ts';
import { createFactsStore, scanJobHandlers } from './wire-scan.ts';

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
  const onEvent = (message: string) => logger.warn(message);
  const installation = await openInstallation(config, { role: 'server', onEvent });
  started.defer(() => installation.close());
  const { connection } = installation;
  const notifications = new Notifications({
    config: connection.config,
    onError: (error) => logger.warn({ err: error }, 'the listener lost its connection to PostgreSQL'),
  });
  started.defer(() => notifications.close());
  const state = { stopping: false };
  const [firstPassword] = await Promise.all([
    ensureAdmin(connection.db, { dataFolder: config.dataFolder, password: config.adminPassword }),
    notifications.start(),
  ]);
  const queue = new GraphileQueue({
    connection,
    onTrouble: (message) => logger.warn({ part: 'queue' }, message),
  });
  const store = await openBlobStore(config);
  const blobs = blobBytes(connection.db, store);
  const facts = createFactsStore(installation, notifications);
  started.defer(() => facts.close());
  const fastify = createHttpServer(config, logger);
  started.defer(() => closeHttp(fastify, logger));
  registerHealth(fastify, () => missingPart({ state, installation, notifications }));
  await registerConsole(fastify, consoleFolder);
  await listen(fastify, config);
  started.defer(() => queue.stop());
  await queue.start({
    handlers: {
      ...scanJobHandlers(installation, { blobs, logger }),
      [syncJobKind]: syncJob(installation, logger),
      [tidyJobKind]: tidyJob(installation, store),
    },
    schedules: [syncSchedule(installation), tidySchedule],
    concurrency: config.scanConcurrency,
  });
  await queueSyncWhenDue(queue, installation);
  const stop = async (options?: { readonly drainMs?: number }) => {
    if (state.stopping) return;
    state.stopping = true;
    await sleep(options?.drainMs ?? 0);
    await started.disposeAsync();
  };
  return { url: urlOf(fastify, config), ...(firstPassword === undefined ? {} : { firstPassword }), stop };
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

async function missingPart(parts: {
  readonly state: { readonly stopping: boolean };
  readonly installation: Installation;
  readonly notifications: Notifications;
}): Promise<string | undefined> {
  if (parts.state.stopping) return 'the server stops';
  if (!parts.notifications.isListening()) return 'no connection to the database';
  const answered = parts.installation.connection.pool.query('select 1').then(
    () => true,
    () => false,
  );
  return (await answered) ? undefined : 'the database does not answer';
}

async function listen(fastify: FastifyInstance, config: Config): Promise<void> {
  const { host, port } = config.listen;
  try {
    await fastify.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const got: Readonly<Record<string, string>> = {
      EADDRINUSE: 'one that another process uses',
      EACCES: 'one that this user may not use',
      EADDRNOTAVAIL: 'an address that this machine does not have',
      ENOTFOUND: 'a host name that is unknown',
    };
    throw new StartError(
      `Cannot listen on "${host}:${port}": address and port must be free for this server, got ${got[code] ?? code}; set PRATIQUE_LISTEN to another`,
      { cause },
    );
  }
}

/** The configured URL, or one made of the address that is listened on. */
function urlOf(fastify: FastifyInstance, config: Config): string {
  return config.externalUrl ?? defaultUrl(config.listen.host, portOf(fastify));
}

function portOf(fastify: FastifyInstance): number {
  // A TCP server that listens has an address of this shape.
  return (fastify.server.address() as AddressInfo).port;
}

function defaultUrl(host: string, port: number): string {
  const isEverywhere = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host);
  const name = isEverywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
