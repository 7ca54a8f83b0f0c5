import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import Fastify from 'fastify';
import { updateNamespace } from '../src/catalog/namespaces.ts';
import { connectDatabase } from '../src/database/connect.ts';
import type { DatabaseConnection } from '../src/database/database.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { Notifications } from '../src/database/notifications.ts';
import { NamespacePolicies } from '../src/gate/namespace-policies.ts';
import { PolicyPullGuard } from '../src/gate/pull-guard.ts';
import { ScanChanges } from '../src/gate/scan-changes.ts';
import { Verdicts } from '../src/gate/verdicts.ts';
import type { PullGuard } from '../src/registry/guards.ts';
import { ImageFactsStore } from '../src/scan/reports/image-facts-store.ts';
import { basic, RegistryClient, testImage } from '../src/testing/registry-client.ts';
import { allowAllPulls, type ServedRegistry, serveRegistry } from '../src/testing/serve-registry.ts';
import type { LoadOrder, LoadResult } from './_http-load.ts';
import { type BenchLine, median, rounded } from './bench-line.ts';

const bench = 'manifest-get';
const connections = 32;
const rounds = 3;

/** Manifest GETs by tag with a bearer token, gate off and on, against a bare Fastify route with the same bytes. */
export async function run(): Promise<readonly BenchLine[]> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  try {
    const server = await startEmbeddedServer({ dataFolder, role: 'server' });
    try {
      const connection = connectDatabase(server.config);
      await migrate(connection.pool);
      try {
        return await measureAll(connection);
      } finally {
        await connection.close();
      }
    } finally {
      await server.stop();
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function measureAll(connection: DatabaseConnection): Promise<readonly BenchLine[]> {
  const notifications = new Notifications({ config: connection.config });
  await notifications.start();
  const gate = policyGuard(connection, notifications);
  // The guard is chosen per round, so that all are measured under the same other load of the machine.
  const guard: { current: PullGuard } = { current: allowAllPulls };
  const registry = await serveRegistry(connection, {
    pullGuard: { decide: (request) => guard.current.decide(request) },
  });
  const bare = await serveBytes(testImage('bench').bytes);
  try {
    const authorization = await prepare(registry, connection);
    const target = {
      port: Number(registry.host.split(':')[1]),
      path: '/v2/bench/app/manifests/latest',
      authorization,
    };
    const plain = { port: bare.port, path: '/v2/bench/app/manifests/latest', authorization: undefined };
    const results: Record<'bare' | 'gate-off' | 'gate-on', LoadResult[]> = {
      bare: [],
      'gate-off': [],
      'gate-on': [],
    };
    for (let round = 0; round < rounds; round += 1) {
      results.bare.push(await load(plain));
      guard.current = allowAllPulls;
      results['gate-off'].push(await load(target));
      guard.current = gate;
      results['gate-on'].push(await load(target));
    }
    return linesOf(results);
  } finally {
    await registry.close();
    await bare.close();
    await notifications.close();
  }
}

function linesOf(
  results: Record<'bare' | 'gate-off' | 'gate-on', readonly LoadResult[]>,
): readonly BenchLine[] {
  const rateOf = (all: readonly LoadResult[]) => median(all.map((result) => result.requestsPerSecond));
  const bareRate = rateOf(results.bare);
  const lines: BenchLine[] = [
    { bench, figure: 'bare-fastify', value: rounded(bareRate), unit: 'requests/s' },
  ];
  for (const figure of ['gate-off', 'gate-on'] as const) {
    const failures = results[figure].reduce((sum, result) => sum + result.failures, 0);
    if (failures > 0)
      throw new Error(`Cannot measure ${figure}: every answer must be 200, got ${failures} others`);
    const rate = rateOf(results[figure]);
    lines.push({
      bench,
      figure,
      value: rounded(rate),
      unit: 'requests/s',
      against: 'bare-fastify',
      ratio: rounded(rate / bareRate),
    });
    const p99Ms = median(results[figure].map((result) => result.p99Ms));
    lines.push({ bench, figure: `${figure}-p99`, value: rounded(p99Ms), unit: 'ms' });
  }
  return lines;
}

/** The real gate, reading stored facts; nothing has scanned the image, and the policy lets that pass. */
function policyGuard(connection: DatabaseConnection, listener: Notifications): PullGuard {
  const { db } = connection;
  const now = () => new Date();
  const facts = new ImageFactsStore({ db, listener, now });
  const policies = new NamespacePolicies({ db, listener });
  const verdicts = new Verdicts({ db, facts, policies, changes: new ScanChanges(listener), now });
  return new PolicyPullGuard({ db, verdicts, externalUrl: 'http://127.0.0.1' });
}

/** Pushes the image, switches blocking on and returns the Authorization header of a pull token. */
async function prepare(registry: ServedRegistry, connection: DatabaseConnection): Promise<string> {
  const namespaceId = await registry.addNamespace('bench', { members: { dev: 'developer' } });
  const dev = new RegistryClient(registry.url, basic('dev'));
  const pushed = await dev.pushImage('bench/app', 'latest', testImage('bench'));
  if (pushed.status !== 201) throw new Error(`Cannot push the image: got ${pushed.status} ${pushed.message}`);
  const states = {
    pending: 'allow',
    failed: 'allow',
    incomplete: 'allow',
    unsupported: 'allow',
    undetermined: 'allow',
  };
  await updateNamespace(connection.db, namespaceId, {
    policy: { mode: 'enforce', minSeverity: 'high', states },
  });
  const token = await dev.send('/token?scope=repository:bench/app:pull');
  return `Bearer ${JSON.parse(token.bytes.toString()).token}`;
}

async function serveBytes(bytes: Buffer): Promise<{ readonly port: number; close(): Promise<void> }> {
  const fastify = Fastify({ logger: false, forceCloseConnections: true });
  const { mediaType } = testImage('bench');
  fastify.get('/v2/*', async (_request, reply) => reply.header('content-type', mediaType).send(bytes));
  await fastify.listen({ host: '127.0.0.1', port: 0 });
  const address = fastify.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, close: () => fastify.close() };
}

async function load(target: Pick<LoadOrder, 'port' | 'path' | 'authorization'>): Promise<LoadResult> {
  const workerData: LoadOrder = { ...target, connections, warmUpMs: 1_000, measureMs: 2_500 };
  const worker = new Worker(new URL('_http-load.ts', import.meta.url), { workerData });
  return await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
