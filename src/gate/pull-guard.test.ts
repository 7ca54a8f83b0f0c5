import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notify } from '../database/notifications.ts';
import type { Digest } from '../oci/digest.ts';
import type { PullRequest, RepositoryRef } from '../registry/guards.ts';
import { buildImage, buildIndex, buildLayer } from '../testing/samples/build-image.ts';
import { alpineFiles, storeFeedStatus, storeSmallFeed } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';

const today = new Date('2018-06-01T00:00:00Z');
const shared = buildLayer({ 'etc/motd': 'hello' });
const evilLayer = buildLayer(alpineFiles({ musl: '1.1.16-r10' }));
const cleanLayer = buildLayer(alpineFiles({ musl: '1.1.16-r14' }));
const evil = buildImage({ layers: [shared, evilLayer] });
const clean = buildImage({ layers: [shared, cleanLayer], architecture: 'arm64' });
const evilToo = buildImage({ layers: [shared, evilLayer], architecture: 's390x' });

let harness: ScanHarness;
let namespaceId: number;
let repository: RepositoryRef;

beforeEach(async () => {
  harness = await ScanHarness.start();
  harness.now = () => today;
  await storeSmallFeed(harness.database.db, [{ cve: 'CVE-2017-1', name: 'musl', fixed: '1.1.16-r11' }]);
  await storeFeedStatus(harness.database.db, today);
  namespaceId = await harness.addNamespace('demo', { mode: 'enforce' });
  repository = await harness.repository(namespaceId);
});
afterEach(() => harness.close());

async function pushAll(): Promise<void> {
  for (const image of [evil, clean, evilToo]) {
    await harness.push(namespaceId, image, { tag: '' });
    await harness.scan(image.digest);
  }
}

const decide = (digest: Digest, changes: Partial<PullRequest> = {}) =>
  harness.pullGuard.decide(harness.pull(repository, digest, changes));
const blob = (digest: Digest): Partial<PullRequest> => ({ target: { kind: 'blob', digest } });

async function setPolicy(policy: unknown): Promise<void> {
  const { db } = harness.database;
  await db
    .updateTable('namespace')
    .set({ policy: JSON.stringify(policy) })
    .where('id', '=', namespaceId)
    .execute();
  await notify(db, 'pratique_policy', String(namespaceId));
}

const eventsOf = (kind: string) =>
  harness.database.db.selectFrom('event').selectAll().where('kind', '=', kind).execute();

describe('PolicyPullGuard on manifests', () => {
  it('refuses a vulnerable image and says which policy, id, package, versions and report', async () => {
    await pushAll();
    const image = await harness.database.db
      .selectFrom('repository_manifest')
      .select('id')
      .where('manifest_digest', '=', evil.digest)
      .executeTakeFirstOrThrow();
    const decision = await decide(evil.digest);
    expect(decision).toMatchObject({
      kind: 'deny',
      detail: {
        policy: 'demo',
        severity: 'high',
        count: 1,
        reasons: [
          {
            id: 'CVE-2017-1',
            packageName: 'musl',
            installedVersion: '1.1.16-r10',
            fixedVersion: '1.1.16-r11',
          },
        ],
        reportUrl: `http://registry.test/images/${image.id}`,
      },
    });
    expect(decision).toHaveProperty(
      'message',
      `Cannot pull "demo/app@${evil.digest}": the policy of namespace "demo" (severity high or higher, or known to be exploited, or malware) refuses it: CVE-2017-1 (high) in musl 1.1.16-r10, fixed in 1.1.16-r11. Report: http://registry.test/images/${image.id}`,
    );
  });

  it('names the source that a fix is a version of, where the package is numbered otherwise (pains.md 15)', async () => {
    await pushAll();
    await harness.database.pool.query(
      `update package set ecosystem = 'Debian', source_name = 'libc', source_version = '1.1.15-r9' where name = 'musl'`,
    );
    expect(await decide(evil.digest)).toMatchObject({
      message: expect.stringContaining('in musl 1.1.16-r10, fixed in libc 1.1.16-r11.'),
      detail: { reasons: [{ fixedVersion: '1.1.16-r11', fixedSource: 'libc' }] },
    });
  });

  it('serves a clean one, uncached', async () => {
    await pushAll();
    expect(await decide(clean.digest)).toEqual({ kind: 'allow', warnings: [], cacheable: false });
  });

  it('answers HEAD as GET, but lets whoever may push look (pains.md 1)', async () => {
    await pushAll();
    expect((await decide(evil.digest, { method: 'HEAD' })).kind).toBe('deny');
    expect((await decide(evil.digest, { method: 'HEAD', mayPush: true })).kind).toBe('allow');
    expect((await decide(evil.digest, { method: 'GET', mayPush: true })).kind).toBe('deny');
  });

  it('serves everything while the policy is off, and cacheable', async () => {
    await setPolicy({ mode: 'off' });
    await pushAll();
    expect(await decide(evil.digest)).toEqual({ kind: 'allow', warnings: [], cacheable: true });
  });

  it('warns in observe mode and records it', async () => {
    await setPolicy({ mode: 'observe' });
    await pushAll();
    const decision = await decide(evil.digest);
    expect(decision).toMatchObject({ kind: 'allow', warnings: [expect.stringContaining('CVE-2017-1')] });
    expect(await eventsOf('pull.warned')).toMatchObject([
      { namespace_id: namespaceId, actor: 'dev', subject: `demo/app@${evil.digest}` },
    ]);
  });

  it('records one refusal per digest and account in an hour', async () => {
    await pushAll();
    await decide(evil.digest);
    await decide(evil.digest, { method: 'HEAD' });
    await decide(evil.digest, { requester: { name: 'ann', client: 'test' } });
    const events = await eventsOf('pull.blocked');
    expect(events.map(({ actor }) => actor).sort()).toEqual(['ann', 'dev']);
    expect(events[0]?.details).toMatchObject({ reasons: [{ id: 'CVE-2017-1' }], verdict: 'block' });
  });

  it('passes once the ids are exempted, and refuses again when that expires', async () => {
    await pushAll();
    expect((await decide(evil.digest)).kind).toBe('deny');
    const { db } = harness.database;
    await db
      .insertInto('exemption')
      .values({
        namespace_id: namespaceId,
        vulnerability_id: 'CVE-2017-1',
        repository_pattern: null,
        manifest_digest: null,
        package_name: null,
        reason: 'accepted',
        created_by: 'ann',
        expires_at: new Date(today.getTime() + 1000),
      })
      .execute();
    await notify(db, 'pratique_policy', String(namespaceId));
    await expect.poll(async () => (await decide(evil.digest)).kind).toBe('allow');
    harness.now = () => new Date(today.getTime() + 1000);
    expect((await decide(evil.digest)).kind).toBe('deny');
  });
});

describe('PolicyPullGuard on images without a result', () => {
  it('holds a pull until the scan ends, then gives the real verdict', async () => {
    await harness.push(namespaceId, clean, { tag: 'c' });
    await harness.push(namespaceId, evil, { tag: 'e' });
    const held = [decide(clean.digest), decide(evil.digest)];
    await harness.work();
    expect((await Promise.all(held)).map(({ kind }) => kind)).toEqual(['allow', 'deny']);
  });

  it('gives up after the time of the policy, and says when to try again', async () => {
    await setPolicy({ mode: 'enforce', states: { pending: { holdSeconds: 1 } } });
    await harness.push(namespaceId, clean);
    const startedAt = performance.now();
    expect(await decide(clean.digest)).toMatchObject({
      kind: 'deny',
      message: expect.stringContaining('the scan of the image is queued'),
      retryAfterSeconds: 10,
    });
    expect(performance.now() - startedAt).toBeGreaterThan(900);
  });

  it('ends with its client', async () => {
    await harness.push(namespaceId, clean);
    const gone = new AbortController();
    const held = decide(clean.digest, { signal: gone.signal });
    setTimeout(() => gone.abort(new Error('client gone')), 100);
    await expect(held).rejects.toThrow('client gone');
  });

  it('does not wait for a scan that nobody has queued', async () => {
    const waits = { mode: 'enforce', states: { pending: { holdSeconds: 300 } } };
    const quiet = await harness.addNamespace('quiet', waits, false);
    await harness.push(quiet, clean);
    const decision = await harness.pullGuard.decide(
      harness.pull(await harness.repository(quiet), clean.digest),
    );
    expect(decision).toMatchObject({ kind: 'deny', message: expect.stringContaining('no scan is queued') });
  });

  it('refuses what failed or is incomplete', async () => {
    const torn = buildImage({ layers: [{ ...cleanLayer, bytes: cleanLayer.bytes.subarray(0, 40) }] });
    await harness.push(namespaceId, torn, { tag: '' });
    await harness.scan(torn.digest);
    expect((await decide(torn.digest)).kind).toBe('deny');
    await harness.push(namespaceId, clean, { tag: '' });
    harness.blobs.clear();
    await harness.scan(clean.digest);
    expect(await decide(clean.digest)).toMatchObject({
      kind: 'deny',
      detail: { reasons: [{ kind: 'state', state: 'failed' }] },
    });
  });
});

describe('PolicyPullGuard on blobs (threats.md P6, P7)', () => {
  it('serves a blob only with a manifest of the repository that may be pulled', async () => {
    await pushAll();
    expect((await decide(evil.digest, blob(evilLayer.digest))).kind).toBe('deny');
    expect((await decide(evil.digest, blob(evil.configDigest))).kind).toBe('deny');
    expect((await decide(evil.digest, blob(cleanLayer.digest))).kind).toBe('allow');
    expect((await decide(evil.digest, blob(shared.digest))).kind).toBe('allow');
  });

  it('does not serve a refused layer through an artifact that names it as its config (threats.md P13)', async () => {
    await pushAll();
    await setPolicy({ mode: 'enforce', states: { pending: 'allow' } });
    const { db } = harness.database;
    const disguise = buildLayer({ disguise: 'the bytes of a manifest' }).digest;
    const type = 'application/vnd.oci.image.manifest.v1+json';
    await db
      .insertInto('manifest')
      .values({
        digest: disguise,
        media_type: type,
        kind: 'artifact',
        size_bytes: 2,
        image_size_bytes: 2,
        content: Buffer.from('{}'),
      })
      .execute();
    await db
      .insertInto('manifest_blob')
      .values({
        manifest_digest: disguise,
        position: 0,
        blob_digest: evilLayer.digest,
        media_type: 'a/b',
        size_bytes: 2,
      })
      .execute();
    await db
      .insertInto('repository_manifest')
      .values({ repository_id: repository.repositoryId, manifest_digest: disguise, pushed_by: 'dev' })
      .execute();
    expect((await decide(disguise)).kind).toBe('allow');
    expect((await decide(disguise, blob(evilLayer.digest))).kind).toBe('deny');
  });

  it('lets whoever may push ask HEAD for it, and nobody GET what no manifest refers to', async () => {
    await pushAll();
    const loose = buildLayer({ a: 'b' }).digest;
    expect((await decide(loose, { ...blob(evilLayer.digest), method: 'HEAD', mayPush: true })).kind).toBe(
      'allow',
    );
    expect((await decide(loose, { ...blob(evilLayer.digest), mayPush: true })).kind).toBe('deny');
    expect((await decide(loose, blob(loose))).kind).toBe('deny');
  });
});

describe('PolicyPullGuard on indexes (threats.md P4, P5)', () => {
  it('serves an index unless every image of it is refused; the images are judged by themselves', async () => {
    await pushAll();
    const mixed = buildIndex([evil, clean]);
    const refused = buildIndex([evil, evilToo]);
    for (const index of [mixed, refused]) await harness.pushIndex(namespaceId, index, { tag: '' });
    expect(await decide(mixed.digest)).toMatchObject({
      kind: 'allow',
      warnings: [expect.stringContaining('CVE-2017-1')],
    });
    expect((await decide(refused.digest)).kind).toBe('deny');
    expect((await decide(evil.digest)).kind).toBe('deny');
  });

  it('judges the images of nested indexes, however many there are and however often they are listed', async () => {
    await pushAll();
    const inner = buildIndex([evil]);
    const others = Array.from({ length: 10 }, (_, index) =>
      buildIndex([evil], { nested: [inner], note: index }),
    );
    const outer = buildIndex([], { nested: [inner, ...others] });
    for (const index of [inner, ...others, outer]) await harness.pushIndex(namespaceId, index, { tag: '' });
    expect((await decide(outer.digest)).kind).toBe('deny');
  });

  it('does not take an attestation for an image that was not scanned', async () => {
    const document = {
      ...buildLayer(Buffer.from('{"_type":"x"}'), 'none'),
      mediaType: 'application/vnd.in-toto+json',
    };
    const attestation = buildImage({ layers: [document], os: 'unknown', architecture: 'unknown' });
    await pushAll();
    await harness.push(namespaceId, attestation, { tag: '', kind: 'artifact' });
    await harness.scan(attestation.digest);
    const index = buildIndex([evil, attestation]);
    await harness.pushIndex(namespaceId, index, { tag: '' });
    expect((await decide(attestation.digest)).kind).toBe('allow');
    expect((await decide(index.digest)).kind).toBe('deny');
  });
});

describe('PolicyPullGuard when something fails (threats.md P31)', () => {
  it('throws instead of serving, whichever table cannot be read', async () => {
    await pushAll();
    await harness.notifications.close(); // so that nothing comes from memory
    const tables = [
      'image_report',
      'image_scan',
      'stored_match',
      'match_detail',
      'known_exploited',
      'epss',
      'feed',
      'release_coverage',
    ];
    for (const table of [...tables, 'package', 'exemption', 'namespace', 'manifest', 'event']) {
      await harness.database.pool.query(`alter table ${table} rename to gone`);
      await expect(decide(evil.digest), table).rejects.toThrow();
      await harness.database.pool.query(`alter table gone rename to ${table}`);
    }
    expect((await decide(evil.digest)).kind).toBe('deny');
  });

  it('throws for a policy that cannot be read, and for a manifest that is not stored', async () => {
    await pushAll();
    await expect(decide(buildImage({ layers: [] }).digest)).rejects.toThrow('must be stored');
    await setPolicy({ mode: 'enforced' });
    await expect
      .poll(() =>
        decide(clean.digest).then(
          () => 'served',
          () => 'thrown',
        ),
      )
      .toBe('thrown');
  });

  it('reads afresh while changes cannot be heard of', async () => {
    await pushAll();
    expect((await decide(evil.digest)).kind).toBe('deny');
    await harness.notifications.close();
    await harness.database.db.updateTable('namespace').set({ policy: '{"mode":"off"}' }).execute();
    expect((await decide(evil.digest)).kind).toBe('allow');
  });
});

describe('Verdicts', () => {
  it('answers many images at once, by another policy where asked', async () => {
    await pushAll();
    const images = [evil, clean].map(({ digest }) => ({ namespaceId, repository: 'app', digest }));
    const kinds = async (mode?: 'observe') =>
      (
        await harness.verdicts.verdictsOf(images, {
          now: today,
          ...(mode === undefined
            ? {}
            : { policy: { ...(await harness.verdicts.policyOf(namespaceId)).policy, mode } }),
        })
      ).map(({ kind }) => kind);
    expect(await kinds()).toEqual(['block', 'allow']);
    expect(await kinds('observe')).toEqual(['warn', 'allow']);
  });

  it('waits for a scan as long as it is asked to', async () => {
    await setPolicy({ mode: 'enforce', states: { pending: 'block' } });
    await harness.push(namespaceId, clean);
    const image = { namespaceId, repository: 'app', digest: clean.digest };
    const { signal } = new AbortController();
    expect((await harness.verdicts.verdictAfter(image, { waitMs: 0, signal })).kind).toBe('block');
    const waiting = harness.verdicts.verdictAfter(image, { waitMs: 20_000, signal });
    await harness.work();
    expect((await waiting).kind).toBe('allow');
  });
});
