import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { buildImage } from '../testing/samples/build-image.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import { type QueueScanOptions, queueScan, queueScans, queueUnscanned } from './queue-scan.ts';

let harness: ScanHarness;
beforeAll(async () => {
  harness = await ScanHarness.start();
});
afterAll(() => harness.close());
beforeEach(async () => {
  const { db } = harness.database;
  await sql`delete from graphile_worker._private_jobs`.execute(db);
  await sql`delete from image_scan`.execute(db);
});

let made = 0;
/** Pushes so many images and returns their digests. */
const push = async (namespaceId: number, count: number) => {
  const digests: string[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    made += 1;
    const image = buildImage({ layers: [], architecture: `a${made}` });
    await harness.push(namespaceId, image, { tag: '' });
    digests.push(image.digest);
  }
  return digests;
};
const queue = (digests: readonly string[], options: QueueScanOptions) =>
  harness.database.db
    .transaction()
    .execute((transaction) => queueScans(transaction, harness.queue, digests, options));

/** Digests in the order in which the queue takes them. */
const waiting = async (): Promise<readonly string[]> => {
  const { rows } = await sql<{ digest: string }>`
    select payload->>'digest' as digest from graphile_worker._private_jobs order by priority, run_at, id`.execute(
    harness.database.db,
  );
  return rows.map(({ digest }) => digest);
};
/** What the queue and the scan do when they take the first `count` of them. */
const take = async (count: number): Promise<void> => {
  const taken = (await waiting()).slice(0, count);
  await sql`delete from graphile_worker._private_jobs where payload->>'digest' = any(${taken}::text[])`.execute(
    harness.database.db,
  );
  await sql`update image_scan set state = 'scanning' where manifest_digest = any(${taken}::text[])`.execute(
    harness.database.db,
  );
};

it('queueScan() gives namespaces their turns (threats.md F27)', async () => {
  const [flood, other, third] = [
    await harness.addNamespace('flood'),
    await harness.addNamespace('other'),
    await harness.addNamespace('third'),
  ];
  const many = await push(flood, 12);
  const few = await push(other, 2);
  expect((await waiting()).slice(0, 4)).toEqual([many[0], few[0], many[1], few[1]]);
  await take(6);
  const [late] = await push(third, 1);
  const [next] = await push(other, 1);
  // What came new waits for those that are next already, and for nothing else.
  expect((await waiting()).slice(0, 3)).toEqual([many[4], late, next]);
});

it('queueScan() puts what is asked for before what was pushed, and bulk behind both', async () => {
  const [own, other] = [await harness.addNamespace('own'), await harness.addNamespace('foreign')];
  const quiet = await harness.addNamespace('quiet', undefined, false);
  const unscanned = await push(quiet, 3);
  await harness.database.db
    .transaction()
    .execute((transaction) => queueUnscanned(transaction, harness.queue, quiet));
  const pushed = await push(own, 6);
  const [foreign] = await push(other, 1);
  expect(await queue(pushed.slice(4), { reason: 'asked' })).toBe(2);
  const [asked = '', second] = pushed.slice(4).sort();
  const order = await waiting();
  expect(new Set(order.slice(0, 3))).toEqual(new Set([pushed[0], foreign, asked]));
  expect(order.indexOf(second ?? '')).toBeLessThan(5);
  expect(order.slice(-3)).toEqual(unscanned.toSorted());
  // Somebody else's push of the same content moves it neither back nor away.
  await harness.database.db
    .transaction()
    .execute((transaction) =>
      queueScan(transaction, harness.queue, asked, { reason: 'pushed', namespaceId: own }),
    );
  expect((await waiting()).indexOf(asked)).toBeLessThan(3);
});

it('queueScan() still lets others in front where more wait than there are places', async () => {
  const [flood, other] = [await harness.addNamespace('full'), await harness.addNamespace('late')];
  const many = await push(flood, 3);
  await sql`update image_scan set place = 15999`.execute(harness.database.db);
  await sql`update graphile_worker._private_jobs set priority = 15999`.execute(harness.database.db);
  const more = await push(flood, 2);
  const [late] = await push(other, 1);
  expect(await waiting()).toEqual([late, ...many, ...more]);
});
