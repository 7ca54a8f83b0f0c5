import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createExemptions } from '../catalog/exemptions.ts';
import { matchPackages } from '../scan/matches/match-packages.ts';
import { reMatch } from '../scan/matches/re-match.ts';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { alpineFiles, storeFeedStatus, storeSmallFeed } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import { type Difference, differenceOf } from './difference.ts';
import { messageOf } from './event-message.ts';
import { FindingDifferences } from './finding-differences.ts';
import type { MessageFinding } from './message.ts';
import type { WebhookKind } from './webhook.ts';
import { WebhookStore } from './webhook-store.ts';

const image = (packages: Readonly<Record<string, string>>, extra: Readonly<Record<string, string>> = {}) =>
  buildImage({ layers: [buildLayer({ ...alpineFiles(packages), ...extra })] });
const musl = { musl: '1.1.16-r10' };
const zlib = { zlib: '1.2.11-r0' };

let harness: ScanHarness;
let namespaceId: number;
const now = () => new Date();

beforeEach(async () => {
  harness = await ScanHarness.start();
  namespaceId = await harness.addNamespace('demo');
  await storeFeedStatus(harness.database.db, now());
});
afterEach(() => harness.close());

async function addWebhook(
  kinds: readonly WebhookKind[] = ['findings.changed'],
  where: number | 'registry' = namespaceId,
) {
  const created = await new WebhookStore({ key: randomBytes(32) }).create(harness.database.db, {
    namespaceId: where === 'registry' ? undefined : where,
    name: 'hook',
    format: 'cloudevents',
    url: new URL('https://example.com/'),
    kinds,
    filter: { fixableOnly: false, knownExploitedOnly: false },
    createdBy: 'a test',
  });
  return created?.webhook.id ?? 0;
}

async function pushAndScan(
  built: ReturnType<typeof image>,
  options: { repository?: string; tag?: string; into?: number } = {},
) {
  const { repository = 'app', tag = '1' } = options;
  await harness.push(options.into ?? namespaceId, built, { repository, tag });
  await harness.scan(built.digest);
}

const follow = (packages: readonly string[] = ['musl', 'zlib']) =>
  reMatch(
    harness.database,
    {
      changedAdvisoryIds: [],
      changedCves: [],
      changedPackages: packages.map((name) => ({ ecosystem: 'Alpine', name })),
    },
    { now: now(), observer: new FindingDifferences({ now }) },
  );

/** The differences that were recorded, oldest first, with the name of their namespace. */
async function differences(): Promise<readonly (Difference & { readonly namespace: string | null })[]> {
  const rows = await harness.database.db
    .selectFrom('event')
    .leftJoin('namespace', 'namespace.id', 'event.namespace_id')
    .select(['event.details', 'namespace.name as namespace'])
    .where('kind', '=', 'findings.changed')
    .orderBy('event.id')
    .execute();
  return rows.map(({ details, namespace }) => ({ ...(details as Difference), namespace })); // as it was written
}

describe('a feed update', () => {
  test('that touches many images makes one event for each namespace, with the ids', async () => {
    const other = await harness.addNamespace('other');
    for (let count = 0; count < 30; count += 1)
      await pushAndScan(image(musl, { [`srv/${count}`]: 'x' }), { repository: `app${count}` });
    await pushAndScan(image({ ...musl, ...zlib }), { into: other });
    await addWebhook(['findings.changed'], 'registry');
    await storeSmallFeed(harness.database.db, [
      { cve: 'CVE-2026-1', name: 'musl', severity: 'critical', fixed: '1.1.16-r11' },
      { cve: 'CVE-2026-2', name: 'zlib', severity: 'low' },
    ]);
    await follow();
    const [demo, second, ...rest] = await differences();
    expect(rest).toEqual([]);
    expect(demo).toMatchObject({ namespace: 'demo', cause: 'advisories', imageCount: 30 });
    expect(demo?.images).toHaveLength(20);
    expect(demo?.findings).toEqual([
      {
        change: 'added',
        id: 'CVE-2026-1',
        severity: 'critical',
        package: 'musl',
        version: '1.1.16-r10',
        fixedVersion: '1.1.16-r11',
        knownExploited: false,
      },
    ]);
    expect(second).toMatchObject({ namespace: 'other', imageCount: 1, images: ['other/app:1'] });
    expect(second?.findings.map(({ id }) => id)).toEqual(['CVE-2026-1', 'CVE-2026-2']);
    await follow();
    expect(await differences()).toHaveLength(2);
  }, 60_000);

  test('tells what became of a finding: rated otherwise, fixable, gone', async () => {
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2026-1', name: 'musl', severity: 'low' }]);
    await pushAndScan(image(musl));
    await addWebhook();
    const steps = [
      [
        { severity: 'critical' },
        { change: 'severity-changed', severity: 'critical', previousSeverity: 'low' },
      ],
      [
        { severity: 'critical', fixed: '1.1.16-r11' },
        { change: 'became-fixable', fixedVersion: '1.1.16-r11' },
      ],
      [
        { severity: 'critical', fixed: '1.1.16-r11', withdrawn: true },
        { change: 'removed', id: 'CVE-2026-1' },
      ],
      [
        { severity: 'critical', fixed: '1.1.16-r11' },
        { change: 'added', id: 'CVE-2026-1' },
      ],
    ] as const;
    for (const [change, expected] of steps) {
      await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2026-1', name: 'musl', ...change }]);
      await follow();
      expect((await differences()).at(-1)?.findings).toMatchObject([expected]);
    }
    expect(await differences()).toHaveLength(steps.length);
  });

  test('tells each namespace what is rated otherwise by its own order of sources', async () => {
    const { db } = harness.database;
    const other = await harness.addNamespace('other');
    await db
      .updateTable('namespace')
      .set({ severity_order: 'cvss-v3,vendor' })
      .where('id', '=', other)
      .execute();
    const flaw = { cve: 'CVE-2026-1', name: 'musl', severity: 'low' as const };
    await storeSmallFeed(db, [{ ...flaw, cvss: 'medium' }]);
    await pushAndScan(image(musl));
    await pushAndScan(image(musl), { into: other });
    await addWebhook(['findings.changed'], 'registry');
    await storeSmallFeed(db, [{ ...flaw, cvss: 'critical' }]);
    await follow();
    const rated = { change: 'severity-changed', previousSeverity: 'medium', severity: 'critical' };
    expect(await differences()).toMatchObject([{ namespace: 'other', findings: [rated] }]);
    await storeSmallFeed(db, [{ ...flaw, cvss: 'low', severity: 'high', fixed: '1.1.16-r11' }]);
    await follow();
    expect((await differences()).slice(1)).toMatchObject([
      { namespace: 'demo', findings: [{ previousSeverity: 'low', severity: 'high' }] },
      { namespace: 'other', findings: [{ previousSeverity: 'critical', severity: 'low' }] },
    ]);
    await storeSmallFeed(db, [{ ...flaw, cvss: 'medium', severity: 'high', fixed: '1.1.16-r11' }]);
    await follow();
    expect((await differences()).slice(3)).toMatchObject([{ namespace: 'other' }]);
  });

  test('that lists a known vulnerability as exploited tells it, once', async () => {
    const { db } = harness.database;
    await storeSmallFeed(db, [{ cve: 'CVE-2026-1', name: 'musl', severity: 'low' }]);
    await pushAndScan(image(musl));
    await addWebhook();
    const listing = { added_on: '2026-01-01', due_on: null, ransomware: false, details: '{}' };
    await db
      .insertInto('known_exploited')
      .values({ cve: 'CVE-2026-1', ...listing })
      .execute();
    await follow();
    await follow();
    expect(await differences()).toMatchObject([
      { findings: [{ change: 'known-exploited', id: 'CVE-2026-1', severity: 'low', knownExploited: true }] },
    ]);
    expect(await differences()).toHaveLength(1);
  });

  test('leaves out what the allowlist holds, there', async () => {
    await pushAndScan(image(musl));
    await pushAndScan(image(zlib), { repository: 'free' });
    await addWebhook();
    const exempted = { namespaceId, reason: 'a test', createdBy: 'a test' };
    await createExemptions(harness.database.db, { ...exempted, vulnerabilityIds: ['CVE-2026-1'] });
    await createExemptions(harness.database.db, {
      ...exempted,
      vulnerabilityIds: ['CVE-2026-2'],
      repositoryPattern: 'app',
    });
    await storeSmallFeed(harness.database.db, [
      { cve: 'CVE-2026-1', name: 'musl' },
      { cve: 'CVE-2026-2', name: 'zlib' },
    ]);
    await follow();
    const [only, ...rest] = await differences();
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ imageCount: 1, images: ['demo/free:1'], findings: [{ id: 'CVE-2026-2' }] });
  });

  test('whose process was killed after matching is told by the next one, once', async () => {
    await pushAndScan(image(musl));
    await addWebhook();
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2026-1', name: 'musl' }]);
    const ids = (await harness.database.db.selectFrom('package').select('id').execute()).map(({ id }) => id);
    await harness.database.db
      .transaction()
      .execute((transaction) => matchPackages(transaction, ids, { onlyNew: false, tell: true }));
    expect(await differences()).toEqual([]);
    await follow();
    await follow();
    expect(await differences()).toMatchObject([{ findings: [{ id: 'CVE-2026-1', change: 'added' }] }]);
  });

  test('is told nobody where no webhook asks', async () => {
    const other = await harness.addNamespace('other');
    await pushAndScan(image(musl));
    await addWebhook(['pull.blocked']);
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2026-1', name: 'musl' }]);
    await follow();
    await addWebhook(['findings.changed'], other);
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2026-2', name: 'musl' }]);
    await follow();
    expect(await differences()).toEqual([]);
    const untold = await harness.database.db
      .selectFrom('match_change')
      .select('vulnerability_id as id')
      .where('untold', '=', true)
      .execute();
    expect(untold).toEqual([]);
  });
});

describe('a scan', () => {
  test('of a pushed image is compared with the push before it: exactly what is new', async () => {
    await storeSmallFeed(harness.database.db, [
      { cve: 'CVE-2026-1', name: 'musl', severity: 'medium' },
      { cve: 'CVE-2026-2', name: 'zlib', severity: 'high' },
    ]);
    await addWebhook();
    const first = image(musl);
    await pushAndScan(first, { tag: '1' });
    await pushAndScan(image({ ...musl, ...zlib }), { tag: '2' });
    await pushAndScan(image({ ...musl, ...zlib }, { 'srv/other': 'x' }), { tag: '3' });
    await pushAndScan(image({ musl: '1.1.15-r0' }), { tag: '4' });
    expect(await differences()).toMatchObject([
      { cause: 'push', findings: [{ change: 'added', id: 'CVE-2026-1' }] },
      {
        cause: 'push',
        comparedWith: first.digest,
        images: ['demo/app:2'],
        findings: [{ change: 'added', id: 'CVE-2026-2', severity: 'high', package: 'zlib' }],
        tally: [{ change: 'added', severity: 'high', count: 1 }],
      },
      { cause: 'push', images: ['demo/app:4'], findings: [{ change: 'removed', id: 'CVE-2026-2' }] },
    ]);
    expect(await differences()).toHaveLength(3);
  });

  test('again of the same image is no difference, and of one pushed days ago no news', async () => {
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2026-1', name: 'musl' }]);
    const scanned = image(musl);
    await pushAndScan(scanned);
    await addWebhook();
    await harness.scan(scanned.digest);
    const old = image(musl, { 'srv/old': 'x' });
    await harness.push(namespaceId, old, { repository: 'old', tag: '1' });
    await harness.database.db
      .updateTable('repository_manifest')
      .set({ pushed_at: new Date(Date.now() - 3 * 86_400_000) })
      .execute();
    await harness.scan(old.digest);
    expect(await differences()).toEqual([]);
  });
});

describe('another scan of an image', () => {
  const judge = async (digest: string, isWhole: boolean) => {
    const ids = (await harness.database.db.selectFrom('package').select('id').execute()).map(({ id }) => id);
    await harness.database.db.transaction().execute((transaction) =>
      new FindingDifferences({ now }).judged(transaction, {
        digest,
        packageIds: [],
        packageIdsBefore: ids,
        isWhole,
      }),
    );
  };

  test('tells what is gone, unless the image was not read whole', async () => {
    await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2026-1', name: 'musl' }]);
    const scanned = image(musl);
    await pushAndScan(scanned);
    await addWebhook();
    await judge(scanned.digest, false);
    expect(await differences()).toEqual([]);
    await judge(scanned.digest, true);
    expect(await differences()).toMatchObject([
      { cause: 'scan', findings: [{ change: 'removed', id: 'CVE-2026-1' }] },
    ]);
  });
});

describe('messageOf() a difference', () => {
  const finding = (index: number): MessageFinding & { change: 'added' } => ({
    change: 'added',
    id: `CVE-2026-${index}`,
    severity: index % 2 === 0 ? 'critical' : 'low',
    package: 'musl',
    version: '1',
    ...(index < 4 ? { fixedVersion: '2' } : {}),
    knownExploited: index === 1,
  });
  const event = (count: number) => ({
    id: 1,
    at: now(),
    kind: 'findings.changed' as const,
    namespace: 'demo',
    actor: 'pratique',
    subject: 'demo',
    details: {
      ...differenceOf(
        Array.from({ length: count }, (_, index) => finding(index)),
        { cause: 'advisories', images: ['demo/a:1'], imageCount: 9 },
        50,
      ),
    },
  });

  test('counts all that fits, and lists the worst of what is kept', () => {
    const message = messageOf(event(200), { fixableOnly: false, knownExploitedOnly: false });
    expect(message).toMatchObject({
      findingCount: 200,
      title: 'Vulnerabilities: 200 new in 9 images of demo, by new advisories',
    });
    expect(message?.findings).toHaveLength(50);
    expect(message?.findings.slice(0, 3).map(({ id }) => id)).toEqual([
      'CVE-2026-1',
      'CVE-2026-0',
      'CVE-2026-2',
    ]);
    const critical = messageOf(event(200), {
      minSeverity: 'high',
      fixableOnly: false,
      knownExploitedOnly: false,
    });
    expect(critical?.findingCount).toBe(100);
    expect(new Set(critical?.findings.map(({ severity }) => severity))).toEqual(new Set(['critical']));
    expect(messageOf(event(200), { fixableOnly: true, knownExploitedOnly: false })?.findingCount).toBe(4);
    expect(messageOf(event(200), { fixableOnly: true, knownExploitedOnly: true })?.findingCount).toBe(1);
  });

  test('is none where nothing fits', () => {
    expect(messageOf(event(1), { fixableOnly: false, knownExploitedOnly: true })).toBeUndefined();
  });
});
