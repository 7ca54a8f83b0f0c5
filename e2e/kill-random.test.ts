import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestImage, testImage } from '../src/testing/registry-client.ts';
import { createKillHarness, digestOf, type KillHarness, pullProblem } from './kill-harness.ts';
import { waitUntil } from './server-process.ts';

/** `npm run soak:kill` sets 300 (threats.md F4). */
const kills = Number(process.env['PRATIQUE_TEST_KILLS'] ?? '12');
const pushers = 8;
const pullers = 4;
const tidyEveryMs = 1_000;

let harness: KillHarness;
beforeAll(async () => {
  harness = await createKillHarness();
});
afterAll(() => harness.close());

interface Kept {
  readonly repository: string;
  readonly image: TestImage;
}

/** Clients that never give up: each request is repeated until the server, whichever, has answered it. */
class Load {
  /** What was acknowledged and not deleted since. */
  readonly kept = new Map<string, Kept>();
  readonly problems: string[] = [];
  pushed = 0;
  pulled = 0;
  deleted = 0;
  isStopping = false;
  readonly #running: Promise<void>[] = [];
  readonly #base = randomBytes(200_000);

  start(): void {
    for (let number = 0; number < pushers; number += 1) this.#running.push(this.#push(number));
    for (let number = 0; number < pullers; number += 1) this.#running.push(this.#pull(number));
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.#running);
  }

  /** Statuses that say "again": cut off, not ready, or a dead server's lease. */
  async #until(
    what: string,
    expected: readonly number[],
    ask: () => Promise<{ status: number; message: string | undefined }>,
  ) {
    for (let tries = 1; ; tries += this.isStopping ? 1 : 0) {
      const answer = await ask().catch(() => undefined);
      if (answer !== undefined && expected.includes(answer.status)) return answer.status;
      const isTransient = answer === undefined || [409, 429, 500, 502, 503].includes(answer.status);
      // While servers are killed, a client goes on for as long as it takes; afterwards one answers soon.
      if (!isTransient || (this.isStopping && tries > 1_200)) {
        this.problems.push(`${what}: ${answer?.status} ${answer?.message}`);
        return undefined;
      }
      await sleep(50);
    }
  }

  async #push(number: number): Promise<void> {
    const repository = number % 2 === 0 ? 'team/shared' : `team/own${number}`;
    for (let round = 0; !this.isStopping; round += 1) {
      // The base layer is shared by all; the rest is new each time.
      const own = testImage(`pusher ${number} round ${round} ${randomBytes(4).toString('hex')}`);
      const layer = randomBytes(20_000 + (round % 10) * 30_000);
      const image = withLayers(own, [this.#base, layer]);
      for (const blob of image.blobs) await this.#pushBlob(repository, blob);
      const tag = `p${number}-${round % 5}`;
      const stored = await this.#until(`manifest of ${repository}`, [201], () =>
        harness.client.pushManifest(repository, tag, image),
      );
      if (stored === undefined) return;
      this.pushed += 1;
      this.kept.set(`${repository}@${image.digest}`, { repository, image });
      if (round % 3 === 2) await this.#delete(repository, image);
    }
  }

  async #pushBlob(repository: string, blob: Buffer): Promise<void> {
    const path = `/v2/${repository}/blobs/${digestOf(blob)}`;
    const head = await this.#until(`HEAD of ${repository}`, [200, 404], () =>
      harness.client.send(path, { method: 'HEAD' }),
    );
    if (head === 200) return;
    // A session whose end was cut off is gone: a new one is begun.
    await this.#until(`blob of ${repository}`, [201], () => harness.client.pushBlob(repository, blob));
  }

  async #delete(repository: string, image: TestImage): Promise<void> {
    this.kept.delete(`${repository}@${image.digest}`);
    const path = `/v2/${repository}/manifests/${image.digest}`;
    await this.#until(`DELETE in ${repository}`, [202, 404], () =>
      harness.client.send(path, { method: 'DELETE' }),
    );
    this.deleted += 1;
  }

  async #pull(number: number): Promise<void> {
    for (let at = number; !this.isStopping; at += 1) {
      const kept = [...this.kept.values()];
      const one = kept[at % Math.max(1, kept.length)];
      if (one === undefined) await sleep(50);
      else await this.#pullOne(one);
    }
  }

  async #pullOne({ repository, image }: Kept): Promise<void> {
    const problem = await pullProblem(harness.client, repository, image).catch(() => 'cut off');
    this.pulled += 1;
    if (problem === undefined) return;
    if (problem.endsWith('cut off') || problem.endsWith('503')) await sleep(50);
    else if (this.kept.has(`${repository}@${image.digest}`)) this.problems.push(problem);
  }
}

function withLayers(image: TestImage, layers: readonly Buffer[]): TestImage {
  const [config = Buffer.of()] = image.blobs;
  const document = JSON.parse(image.bytes.toString());
  const type = document.layers[0].mediaType;
  const described = layers.map((layer) => ({
    mediaType: type,
    digest: digestOf(layer),
    size: layer.length,
  }));
  const full = testImage('', { config: document.config, layers: described });
  return { ...full, blobs: [config, ...layers] };
}

it(`a server that is killed ${kills} times under load loses nothing that it acknowledged (F4)`, {
  timeout: 300_000 + kills * 20_000,
}, async () => {
  let server = await harness.start();
  const load = new Load();
  load.start();
  let isDone = false;
  const tidying = (async () => {
    while (!isDone) {
      await harness.queueTidy();
      await sleep(tidyEveryMs);
    }
  })();
  tidying.catch(() => {}); // thrown where it is awaited, if the test comes that far
  const broken: string[] = [];
  for (let kill = 1; kill <= kills; kill += 1) {
    // Each fifth kill comes in the first moments of a start; the others are spread over what some seconds of load do, and
    // find something to lose: an image that this server has taken.
    const { pushed } = load;
    if (kill % 5 !== 0) await waitUntil('an image is pushed', async () => load.pushed > pushed);
    await sleep(kill % 5 === 0 ? Math.random() * 200 : Math.random() * 3_000);
    await server.stop('SIGKILL');
    const found = await harness.broken();
    broken.push(...found.map((one) => `after kill ${kill}: ${one}`));
    if (broken.length > 0) break;
    server = await harness.start();
    if (kill % 25 === 0) console.log(`${kill} kills, ${load.pushed} images pushed`);
  }
  await waitUntil('a client has deleted what it pushed', async () => load.deleted > 0);
  await load.stop();
  isDone = true;
  await tidying;
  console.log(
    `${kills} kills: ${load.pushed} images pushed, ${load.pulled} pulled, ${load.deleted} deleted, ${load.kept.size} kept`,
  );
  expect(broken).toEqual([]);
  expect(load.problems).toEqual([]);
  expect(await harness.leftAfterCollection()).toEqual([]);
  expect(await harness.broken()).toEqual([]);
  const lost: string[] = [];
  for (const { repository, image } of load.kept.values()) {
    const problem = await pullProblem(harness.client, repository, image);
    if (problem !== undefined) lost.push(problem);
  }
  expect(lost).toEqual([]);
});
