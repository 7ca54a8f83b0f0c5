import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addNamespace } from '../src/app/administration/administer-namespaces.ts';
import { descriptorOf, type TestImage, testImage, testManifest } from '../src/testing/registry-client.ts';
import { createKillHarness, digestOf, type KillHarness, pullProblem } from './kill-harness.ts';

/** `npm run soak:gc` sets 30 (threats.md §4, G2). */
const soakMinutes = Number(process.env['PRATIQUE_TEST_SOAK_MINUTES'] ?? '0');
/** Of each of ten clients (G1); CI has no time for its 100. */
const imagesPerClient = Number(process.env['PRATIQUE_TEST_IMAGES'] ?? '8');
const clients = 10;
const tagsPerClient = 5;
const tidyEveryMs = 1_000;
const collectionsMin = 3;
const quotaBytes = 4 * 1024 ** 3;

let harness: KillHarness;
beforeAll(async () => {
  harness = await createKillHarness();
  const { connection } = harness.installation;
  // Scans would take the time of pushes; what the load needs room for is set aside and given back all the time.
  await addNamespace(connection, 'load', { autoScan: false });
  await connection.pool.query(`update namespace set quota_bytes = $1 where name = 'load'`, [quotaBytes]);
  await harness.start();
});
afterAll(() => harness.close());

interface Kept {
  readonly repository: string;
  readonly image: TestImage;
}

/** Clients for whom nothing may ever fail: they push, sign, pull, move tags and delete while garbage is collected. */
class Load {
  readonly kept = new Map<string, Kept>();
  readonly problems: string[] = [];
  readonly counts = { pushed: 0, signed: 0, pulled: 0, deleted: 0 };
  readonly #base = randomBytes(200_000);
  readonly #hasReferrers: boolean;
  readonly #pauseMs: number;

  constructor(options: { readonly hasReferrers: boolean; readonly pauseMs: number }) {
    this.#hasReferrers = options.hasReferrers;
    this.#pauseMs = options.pauseMs;
  }

  async client(number: number, goesOn: (round: number) => boolean): Promise<void> {
    // Half of the clients share a repository, and all of them the base layer.
    const repository = number % 2 === 0 ? 'load/shared' : `load/own${number}`;
    for (let round = 0; goesOn(round) && this.problems.length === 0; round += 1) {
      const image = this.#imageOf(`client ${number} round ${round}`);
      await this.#push(repository, `c${number}-${round % tagsPerClient}`, image);
      this.counts.pushed += 1;
      this.kept.set(`${repository}@${image.digest}`, { repository, image });
      if (this.#hasReferrers) await this.#sign(repository, image);
      await this.#pull();
      if (round % 3 !== 0) await this.#delete(repository, image);
      await sleep(Math.random() * 2 * this.#pauseMs);
    }
  }

  #imageOf(name: string): TestImage {
    const own = testImage(`${name} ${randomBytes(4).toString('hex')}`);
    const [config = Buffer.of()] = own.blobs;
    const layers = [this.#base, randomBytes(1_000 + Math.floor(Math.random() * 50_000))];
    const document = JSON.parse(own.bytes.toString());
    const described = layers.map((layer) => descriptorOf(layer, document.layers[0].mediaType));
    return {
      ...testImage('', { config: document.config, layers: described }),
      blobs: [config, ...layers],
    };
  }

  /** Asks for each blob, sends what is not there, then the manifest: what every client does. */
  async #push(repository: string, reference: string, image: TestImage): Promise<void> {
    for (const blob of image.blobs) {
      const path = `/v2/${repository}/blobs/${digestOf(blob)}`;
      const head = await harness.client.send(path, { method: 'HEAD' });
      if (head.status === 200) continue;
      this.#expect(`HEAD ${path}`, head, 404);
      this.#expect(`PUT ${path}`, await harness.client.pushBlob(repository, blob), 201);
    }
    const answer = await harness.client.pushManifest(repository, reference, image);
    this.#expect(`PUT of ${repository}@${image.digest}`, answer, 201);
  }

  async #sign(repository: string, image: TestImage): Promise<void> {
    const blobs = [Buffer.from('{}'), Buffer.from(`signature of ${image.digest}`)] as const;
    const signature = testManifest({
      schemaVersion: 2,
      mediaType: image.mediaType,
      artifactType: 'application/vnd.example.signature',
      config: descriptorOf(blobs[0], 'application/vnd.oci.empty.v1+json'),
      layers: [descriptorOf(blobs[1], 'text/plain')],
      subject: descriptorOf(image.bytes, image.mediaType),
    });
    await this.#push(repository, signature.digest, { ...signature, blobs });
    const path = `/v2/${repository}/referrers/${image.digest}`;
    const listed = await harness.client.send(path);
    this.#expect(path, listed, 200);
    if (!listed.bytes.includes(signature.digest)) this.problems.push(`${path} lacks ${signature.digest}`);
    this.counts.signed += 1;
    // Otherwise they would pile up: a referrer stays when its subject goes.
    if (Math.random() < 0.8) {
      const removed = `/v2/${repository}/manifests/${signature.digest}`;
      this.#expect(removed, await harness.client.send(removed, { method: 'DELETE' }), 202);
    }
  }

  async #pull(): Promise<void> {
    const all = [...this.kept];
    const [key, one] = all[Math.floor(Math.random() * all.length)] ?? [];
    if (key === undefined || one === undefined) return;
    const problem = await pullProblem(harness.client, one.repository, one.image);
    if (problem !== undefined && this.kept.has(key)) this.problems.push(problem);
    this.counts.pulled += 1;
  }

  async #delete(repository: string, image: TestImage): Promise<void> {
    this.kept.delete(`${repository}@${image.digest}`);
    const path = `/v2/${repository}/manifests/${image.digest}`;
    this.#expect(`DELETE ${path}`, await harness.client.send(path, { method: 'DELETE' }), 202);
    this.counts.deleted += 1;
  }

  #expect(what: string, answer: { status: number; message: string | undefined }, status: number): void {
    if (answer.status !== status) this.problems.push(`${what}: ${answer.status} ${answer.message}`);
  }
}

/** How often garbage was freed so far. */
async function countCollections(): Promise<number> {
  const { rows } = await harness.installation.connection.pool.query<{ count: number }>(
    `select count(*)::int as count from event
     where kind = 'garbage.freed' and (details->>'freedBytes')::bigint > 0`,
  );
  return rows[0]?.count ?? 0;
}

/** Runs the load under continuous collection; then everything that was kept is whole, and nothing else is held. */
async function run(load: Load, goesOn: (round: number) => boolean): Promise<void> {
  const collected = new AbortController();
  const collectionsBefore = await countCollections();
  let collections = 0;
  const tidying = (async () => {
    while (!collected.signal.aborted) {
      await harness.queueTidy();
      await sleep(tidyEveryMs);
      collections = (await countCollections()) - collectionsBefore;
    }
  })();
  const startedAt = performance.now();
  // However fast the machine is, garbage was freed meanwhile.
  const isWanted = (round: number) => goesOn(round) || collections < collectionsMin;
  await Promise.all(Array.from({ length: clients }, (_, number) => load.client(number, isWanted)));
  const seconds = (performance.now() - startedAt) / 1000;
  collected.abort();
  await tidying;
  const counts = { ...load.counts, kept: load.kept.size, collections };
  console.log(`${seconds.toFixed(0)} s: ${JSON.stringify(counts)}`);
  expect(load.problems).toEqual([]);
  expect(await harness.broken()).toEqual([]);
  const lost: string[] = [];
  for (const { repository, image } of load.kept.values()) {
    const problem = await pullProblem(harness.client, repository, image);
    if (problem !== undefined) lost.push(problem);
  }
  expect(lost).toEqual([]);
}

if (soakMinutes === 0) {
  it.each([false, true])(
    'ten clients meet no error while garbage is collected every second; referrers: %s (threats.md G1)',
    { timeout: 300_000 + imagesPerClient * 10_000 },
    async (hasReferrers) => {
      const load = new Load({ hasReferrers, pauseMs: 0 });
      await run(load, (round) => round < imagesPerClient);
      expect(load.counts.pushed).toBeGreaterThanOrEqual(clients * imagesPerClient);
    },
  );
} else {
  it(`${soakMinutes} minutes of load meet no error while garbage is collected every second (threats.md G2)`, {
    timeout: (soakMinutes + 10) * 60_000,
  }, async () => {
    const endsAt = performance.now() + soakMinutes * 60_000;
    await run(new Load({ hasReferrers: true, pauseMs: 400 }), () => performance.now() < endsAt);
    expect(await harness.leftAfterCollection()).toEqual([]);
  });
}
