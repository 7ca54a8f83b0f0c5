import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deleteNamespace } from '../catalog/namespaces.ts';
import { ContentGoneError } from '../registry/content-gone-error.ts';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { alpineFiles } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import { NamespacePolicies } from './namespace-policies.ts';
import { forgetEndedNotices, type PullEvent, PullEvents } from './pull-events.ts';

let harness: ScanHarness;
let namespaceId: number;
beforeEach(async () => {
  harness = await ScanHarness.start();
  namespaceId = await harness.addNamespace('demo', { mode: 'enforce' });
});
afterEach(() => harness.close());

const image = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10' }))] });
const event = (name: string): PullEvent => ({
  kind: 'pull.blocked',
  namespaceId,
  repository: 'demo/app',
  digest: image.digest,
  requester: { name, client: 'test' },
  verdict: { kind: 'block', reasons: [], exempted: 0 },
});

async function countEvents(): Promise<number> {
  const { rows } = await harness.database.pool.query<{ count: number }>(
    `select count(*) from event where kind = 'pull.blocked'`,
  );
  return rows[0]?.count ?? 0;
}

describe('PullEvents', () => {
  it('records one event an hour for each pull and account, over all replicas and restarts', async () => {
    const { db, pool } = harness.database;
    const replicas = [new PullEvents(db), new PullEvents(db), new PullEvents(db)];
    await Promise.all(
      replicas.flatMap((replica) => [replica, replica].map((one) => one.record(event('dev')))),
    );
    expect(await countEvents()).toBe(1);
    await new PullEvents(db).record(event('dev'));
    await new PullEvents(db).record(event('other'));
    expect(await countEvents()).toBe(2);
    await pool.query(`update pull_notice set ends_at = now() - interval '1 second'`);
    await new PullEvents(db).record(event('dev'));
    expect(await countEvents()).toBe(3);
    expect(await forgetEndedNotices(db)).toBe(1);
  });
});

describe('NamespacePolicies', () => {
  it('reads afresh while changes cannot be heard of (threats.md P29)', async () => {
    let isListening = true;
    const listener = { subscribe: () => () => {}, isListening: () => isListening };
    const policies = new NamespacePolicies({ db: harness.database.db, listener });
    expect((await policies.of(namespaceId)).policy.mode).toBe('enforce');
    await harness.database.pool.query(`update namespace set policy = '{"mode":"off"}'`);
    expect((await policies.of(namespaceId)).policy.mode).toBe('enforce');
    isListening = false;
    expect((await policies.of(namespaceId)).policy.mode).toBe('off');
  });
});

describe('what is deleted while it is asked for', () => {
  it('is gone, not an error: a namespace, an image', async () => {
    const repository = await harness.repository(namespaceId);
    const pull = harness.pull(repository, image.digest);
    await expect(harness.pullGuard.decide(pull)).rejects.toBeInstanceOf(ContentGoneError);
    await deleteNamespace(harness.database.db, namespaceId, { force: true });
    const other = new NamespacePolicies({ db: harness.database.db, listener: harness.notifications });
    await expect(other.of(namespaceId)).rejects.toBeInstanceOf(ContentGoneError);
    // Its policy may still be in memory: the event must not fail for want of the namespace.
    await new PullEvents(harness.database.db).record(event('dev'));
    expect(await countEvents()).toBe(1);
    const question = { namespaceId: 4_711, repository: 'app', digest: image.digest };
    expect(await harness.verdicts.verdictsOf([question], { now: new Date() })).toMatchObject([
      { kind: 'block' },
    ]);
  });
});
