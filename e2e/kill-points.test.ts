import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCli } from '../src/testing/cli-process.ts';
import { type RegistryClient, type TestImage, testImage } from '../src/testing/registry-client.ts';
import { storeOrphan } from '../src/testing/samples/store-orphan.ts';
import { createKillHarness, died, digestOf, type KillHarness, orCut, pullProblem } from './kill-harness.ts';
import { type ServerProcess, waitUntil } from './server-process.ts';

let harness: KillHarness;
let client: RegistryClient;
beforeAll(async () => {
  harness = await createKillHarness();
  client = harness.client;
});
afterAll(() => harness.close());

const repository = 'team/app';
const mebibyte = 1024 * 1024;
/** Of each deletion of a whole; `npm run soak:kill` sets 300 kills for another story, and ten moments here (threats.md F3). */
const moments = process.env['PRATIQUE_TEST_KILLS'] === undefined ? 3 : 10;

/** Kills the server at the point while `act` runs, checks what is left, and starts it again without. */
async function killedAt(failpoint: string, act: () => Promise<unknown>): Promise<void> {
  const failing = await harness.start(failpoint);
  await act();
  await died(failing);
  expect(await harness.broken()).toEqual([]);
  await harness.start();
}

/** What must hold when the interrupted request has been repeated. */
async function expectSound(): Promise<void> {
  expect(await harness.broken()).toEqual([]);
  expect(await harness.leftAfterCollection()).toEqual([]);
  expect(await harness.broken()).toEqual([]);
}

async function expectBlob(bytes: Buffer, name = repository): Promise<void> {
  const answer = await client.send(`/v2/${name}/blobs/${digestOf(bytes)}`);
  expect([answer.status, answer.bytes.equals(bytes)]).toEqual([200, true]);
}

async function openUpload(): Promise<string> {
  const opened = await client.send(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  expect(opened.status).toBe(202);
  return opened.headers.get('location') ?? '';
}

/**
 * Goes on where the upload is, at the first try: what GET says, PATCH of the rest, PUT. A session that is gone is begun
 * again. The dead server's lease must be in nobody's way.
 */
async function resume(location: string, bytes: Buffer): Promise<void> {
  const shown = await client.send(location);
  expect([204, 404]).toContain(shown.status);
  if (shown.status === 404) {
    const head = await client.send(`/v2/${repository}/blobs/${digestOf(bytes)}`, { method: 'HEAD' });
    if (head.status === 200) return;
    const finished = await client.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' });
    if (finished.status === 201) return;
    expect((await client.pushBlob(repository, bytes)).status).toBe(201);
    return;
  }
  const [, last] = /^0-(\d+)$/.exec(shown.headers.get('range') ?? '') ?? [];
  // Of an empty upload the range is 0-0, too: its first byte decides.
  const arrived = Number(last) === 0 ? 0 : Number(last) + 1;
  expect(arrived).toBeLessThanOrEqual(bytes.length);
  if (arrived < bytes.length) {
    const patched = await client.send(location, {
      method: 'PATCH',
      headers: { 'content-range': `${arrived}-${bytes.length - 1}` },
      body: bytes.subarray(arrived),
    });
    expect([patched.status, patched.message]).toEqual([202, undefined]);
  }
  const finished = await client.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT' });
  expect([finished.status, finished.message]).toEqual([201, undefined]);
}

describe('a server that is killed in an upload (F1)', () => {
  it.each(['upload.created:1', 'upload.opened:1'])('at %s of a POST takes another', async (failpoint) => {
    const bytes = randomBytes(1_000);
    await killedAt(failpoint, () =>
      orCut(client.send(`/v2/${repository}/blobs/uploads/`, { method: 'POST' })),
    );
    expect((await client.pushBlob(repository, bytes)).status).toBe(201);
    await expectBlob(bytes);
    await expectSound();
  });

  it.each(['upload.part-written:1', 'upload.part-written:2', 'upload.synced:1', 'upload.recorded:1'])(
    'at %s of a PATCH goes on where it was',
    async (failpoint) => {
      const bytes = randomBytes(4 * mebibyte);
      let location = '';
      await killedAt(failpoint, async () => {
        location = await openUpload();
        await orCut(client.send(location, { method: 'PATCH', body: bytes.subarray(0, 3 * mebibyte) }));
      });
      await resume(location, bytes);
      await expectBlob(bytes);
      await expectSound();
    },
  );

  it.each([
    'upload.part-written:2',
    'upload.synced:1',
    'blob.hashed:1',
    'blob.renamed:1',
    'blob.durable:1',
    'blob.recorded:1',
  ])('at %s of a PUT finishes when it is repeated', async (failpoint) => {
    const bytes = randomBytes(3 * mebibyte);
    let location = '';
    await killedAt(failpoint, async () => {
      location = await openUpload();
      await orCut(client.send(`${location}?digest=${digestOf(bytes)}`, { method: 'PUT', body: bytes }));
    });
    await resume(location, bytes);
    await expectBlob(bytes);
    await expectSound();
  });

  it('after it replaced a copy frees the old one, and serves the new one', async () => {
    const bytes = randomBytes(1_000);
    await killedAt('blob.recorded:2', async () => {
      await client.pushBlob(repository, bytes);
      await orCut(client.pushBlob(repository, bytes));
    });
    await expectBlob(bytes);
    await expectSound();
    await expectBlob(bytes);
  });
});

async function pushBlobsOf(image: TestImage, name = repository): Promise<void> {
  for (const blob of image.blobs) expect((await client.pushBlob(name, blob)).status).toBe(201);
}

async function tagsOf(image: TestImage, tags: readonly string[]): Promise<readonly string[]> {
  const pointing: string[] = [];
  for (const tag of tags) {
    const answer = await client.send(`/v2/${repository}/manifests/${tag}`, { method: 'HEAD' });
    if (answer.headers.get('docker-content-digest') === image.digest) pointing.push(tag);
  }
  return pointing;
}

describe('a server that is killed in a manifest PUT (F2)', () => {
  const tenTags = Array.from({ length: 10 }, (_, number) => `t${number}`);
  it.each([
    { failpoint: 'manifest.received:1', isStored: false },
    { failpoint: 'manifest.tag-moves:1', isStored: false },
    { failpoint: 'manifest.tag-moves:6', isStored: false },
    { failpoint: 'manifest.in-transaction:1', isStored: false },
    { failpoint: 'manifest.recorded:1', isStored: true },
  ])('at $failpoint with ten tags has all or none', async ({ failpoint, isStored }) => {
    const image = testImage(`ten tags, killed at ${failpoint}`);
    const query = `?${tenTags.map((tag) => `tag=${tag}`).join('&')}`;
    await killedAt(failpoint, async () => {
      await pushBlobsOf(image);
      await orCut(client.pushManifest(repository, image.digest, image, query));
    });
    expect(await tagsOf(image, tenTags)).toEqual(isStored ? tenTags : []);
    expect((await client.pushManifest(repository, image.digest, image, query)).status).toBe(201);
    expect(await tagsOf(image, tenTags)).toEqual(tenTags);
    expect(await pullProblem(client, repository, image)).toBeUndefined();
    await expectSound();
    expect(await pullProblem(client, repository, image)).toBeUndefined();
  });
});

/** A deletion that runs in a process which can be killed. */
interface RunningDeletion {
  /** Whether it was acknowledged. */
  readonly ended: Promise<boolean>;
  kill(): Promise<unknown>;
}

/** A namespace that holds images is deleted by the command line alone. */
const wholes: readonly {
  readonly what: string;
  /** The share of its time after which a kill may find it at work. */
  readonly begunAfter: number;
  readonly begin: (server: ServerProcess) => RunningDeletion;
}[] = [
  {
    what: 'namespace',
    begunAfter: 0.4,
    begin: ({ dataFolder }) => {
      const args = ['admin', 'namespace', 'delete', 'other', '--force'];
      const { child, ended } = startCli(args, { environment: { PRATIQUE_DATA: dataFolder } });
      const kill = async () => {
        child.kill('SIGKILL');
        await ended;
      };
      return { ended: ended.then((code) => code === 0), kill };
    },
  },
  {
    what: 'repository',
    begunAfter: 0,
    begin: (server) => {
      const path = '/api/v1/repositories/other?repository=app';
      const answered = orCut(client.send(path, { method: 'DELETE' }));
      return { ended: answered.then((answer) => answer?.status === 200), kill: () => server.stop('SIGKILL') };
    },
  },
];

/** Makes the namespace again, if it was deleted. */
async function addOther(): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'other', autoScan: true });
  const made = await client.send('/api/v1/namespaces', { method: 'POST', headers, body });
  expect([201, 409]).toContain(made.status);
}

describe('a server that is killed while it changes what is stored (F3)', () => {
  it.each([
    { failpoint: 'manifest.tag-moves:2', isMoved: false },
    { failpoint: 'manifest.recorded:2', isMoved: true },
  ])('at $failpoint of a tag move has moved it or not', async ({ failpoint, isMoved }) => {
    const [before, after] = [testImage(`before ${failpoint}`), testImage(`after ${failpoint}`)];
    await killedAt(failpoint, async () => {
      await client.pushImage(repository, 'moving', before);
      await pushBlobsOf(after);
      await orCut(client.pushManifest(repository, 'moving', after));
    });
    expect(await tagsOf(isMoved ? after : before, ['moving'])).toEqual(['moving']);
    expect((await client.pushManifest(repository, 'moving', after)).status).toBe(201);
    expect(await tagsOf(after, ['moving'])).toEqual(['moving']);
    await expectSound();
  });

  it('at mount.linked of a mount keeps the blob for the manifest', async () => {
    const image = testImage('mounted');
    await killedAt('mount.linked:1', async () => {
      await pushBlobsOf(image, 'other/source');
      const [config] = image.blobs;
      const mount = `?mount=${digestOf(config ?? Buffer.of())}&from=other/source`;
      await orCut(client.send(`/v2/team/target/blobs/uploads/${mount}`, { method: 'POST' }));
    });
    for (const blob of image.blobs) {
      const mount = `?mount=${digestOf(blob)}&from=other/source`;
      const answer = await client.send(`/v2/team/target/blobs/uploads/${mount}`, { method: 'POST' });
      expect(answer.status).toBe(201);
    }
    await expectSound();
    expect((await client.pushManifest('team/target', 'v1', image)).status).toBe(201);
    expect(await pullProblem(client, 'team/target', image)).toBeUndefined();
  });

  it.each([
    { what: 'tag', failpoint: 'delete.in-transaction:1', isDeleted: false },
    { what: 'tag', failpoint: 'delete.recorded:1', isDeleted: true },
    { what: 'manifest', failpoint: 'delete.in-transaction:1', isDeleted: false },
    { what: 'manifest', failpoint: 'delete.recorded:1', isDeleted: true },
  ])('at $failpoint of the deletion of a $what has deleted it or not', async (scenario) => {
    const { what, failpoint, isDeleted } = scenario;
    const image = testImage(`deletion of a ${what} at ${failpoint}`);
    const path = `/v2/${repository}/manifests/${what === 'tag' ? 'doomed' : image.digest}`;
    await killedAt(failpoint, async () => {
      await client.pushImage(repository, 'doomed', image);
      await orCut(client.send(path, { method: 'DELETE' }));
    });
    expect((await client.send(path)).status).toBe(isDeleted ? 404 : 200);
    const repeated = await client.send(path, { method: 'DELETE' });
    expect(repeated.status).toBe(isDeleted ? 404 : 202);
    await expectSound();
  });

  it.each(wholes)('in the transaction that deletes a $what has deleted nothing', async ({ what, begin }) => {
    const server = await harness.start();
    await addOther();
    const image = testImage(`in the transaction that deletes a ${what}`);
    expect((await client.pushImage('other/app', 'v1', image)).status).toBe(201);
    const { pool } = harness.installation.connection;
    const blocking = await pool.connect();
    try {
      // The deletion waits for this row in the middle of its transaction.
      await blocking.query('begin; set local idle_in_transaction_session_timeout = 0');
      await blocking.query(`select from repository_manifest where manifest_digest = $1 for update`, [
        image.digest,
      ]);
      const deletion = begin(server);
      await waitUntil('the deletion waits', async () => {
        const { rows } = await pool.query(`select from pg_locks where not granted`);
        return rows.length > 0;
      });
      await deletion.kill();
      await blocking.query('rollback');
      expect(await deletion.ended).toBe(false);
    } finally {
      blocking.release();
    }
    await harness.start();
    expect(await harness.broken()).toEqual([]);
    expect(await pullProblem(client, 'other/app', image)).toBeUndefined();
    await expectSound();
  });

  it.each(wholes)(
    `at ${moments} moments of the deletion of a $what has deleted all of it or nothing`,
    async (whole) => {
      const { what, begin, begunAfter } = whole;
      let [deleted, wholeMs] = [0, 0];
      let server = await harness.start();
      for (let kill = 0; kill <= moments; kill += 1) {
        await addOther();
        const images = Array.from({ length: 5 }, (_, number) => testImage(`${what} ${kill} ${number}`));
        for (const [number, image] of images.entries()) {
          expect((await client.pushImage('other/app', `v${number}`, image)).status).toBe(201);
        }
        const startedMs = performance.now();
        const deletion = begin(server);
        // The first one is let live, to know how long it takes.
        if (kill === 0) await deletion.ended;
        else {
          await sleep(wholeMs * (begunAfter + (1 - begunAfter) * (kill / moments)));
          await deletion.kill();
        }
        if (kill === 0) wholeMs = performance.now() - startedMs;
        const isAcknowledged = await deletion.ended;
        if (server.child.signalCode !== null) server = await harness.start();
        expect(await harness.broken()).toEqual([]);
        const problems = await Promise.all(images.map((image) => pullProblem(client, 'other/app', image)));
        const left = problems.filter((problem) => problem === undefined).length;
        expect(isAcknowledged ? [0] : [0, images.length]).toContain(left);
        if (left === 0) deleted += 1;
        await begin(server).ended;
        expect(await harness.broken()).toEqual([]);
      }
      console.log(`${what}: ${deleted - 1} of ${moments} deleted before the kill`);
      await addOther();
      await expectSound();
    },
  );

  it.each(['gc.locked:1', 'gc.marked:1', 'gc.unlinked:1', 'gc.forgotten:1'])(
    'at %s of a collection finishes it later, and the blob can be pushed again (G5)',
    async (failpoint) => {
      const image = testImage(`collected at ${failpoint}`);
      await killedAt(failpoint, async () => {
        await client.pushImage(repository, 'garbage', image);
        await client.send(`/v2/${repository}/manifests/${image.digest}`, { method: 'DELETE' });
        await harness.queueTidy();
      });
      expect((await client.pushImage(repository, 'again', image)).status).toBe(201);
      expect(await pullProblem(client, repository, image)).toBeUndefined();
      await expectSound();
      expect(await pullProblem(client, repository, image)).toBeUndefined();
    },
  );

  it('at gc.orphan of a collection removes the orphan later (G5)', async () => {
    const { blobsFolder } = harness.installation.config;
    await killedAt('gc.orphan:1', async () => {
      await storeOrphan(blobsFolder, randomBytes(1_000));
      await harness.queueTidy();
    });
    await expectSound();
  });
});
