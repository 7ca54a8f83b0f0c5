import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage, buildLayer } from '../../testing/samples/build-image.ts';
import {
  alpineFiles,
  type FeedRecord,
  storeFeedStatus,
  storeSmallFeed,
} from '../../testing/samples/small-feed.ts';
import { ScanHarness } from '../../testing/scan-harness.ts';
import { listFindingChanges, readResolvedFindings } from './finding-history.ts';
import type { MatchDetail } from './match-details.ts';
import { differencesOf } from './match-differences.ts';
import { reMatch } from './re-match.ts';

const ghsa = 'GHSA-aaaa-bbbb-cccc';
const cve = 'CVE-2026-77777';

function said(id: string, aliases: readonly string[] = [], more: Partial<MatchDetail> = {}): MatchDetail {
  return {
    vulnerability_id: id,
    advisory_id: id,
    status: 'affected',
    aliases,
    severity: 'high',
    source_severities: null,
    fixed_version: null,
    fix_state: 'not-fixed',
    ...more,
  };
}

/** What became of one package: what was written over which name, resolved, renamed and noted. */
function become(held: readonly (MatchDetail | { resolved: MatchDetail })[], wanted: readonly MatchDetail[]) {
  const rows = held.map((one, detailId) =>
    'resolved' in one
      ? { packageId: 1, detailId, detail: one.resolved, resolved: true }
      : { packageId: 1, detailId, detail: one, resolved: false },
  );
  const found = differencesOf([1], new Map([[1, wanted]]), () => rows, new Set(['CVE-2026-66666']));
  return {
    written: found.written.map(
      ({ detail, before }) => `${before?.detail.vulnerability_id} → ${detail.vulnerability_id}`,
    ),
    resolved: found.resolved.map(({ detail }) => detail.vulnerability_id),
    renamed: found.renamed.map(
      (one) => `${one.row}: ${one.held.detail.vulnerability_id} → ${one.detail.vulnerability_id}`,
    ),
    noted: found.noted.map(({ detail, change }) => `${change}: ${detail.vulnerability_id}`),
  };
}

describe('differencesOf() where a vulnerability has another name', () => {
  it('keeps its row and tells nobody, when a record gets its CVE and when it loses it', () => {
    const quiet = { resolved: [], noted: [] };
    expect(become([said(ghsa)], [said(cve, [ghsa])])).toEqual({
      ...{ written: [`${ghsa} → ${cve}`], renamed: [`moved: ${ghsa} → ${cve}`] },
      ...quiet,
    });
    expect(become([said(cve, [ghsa])], [said(ghsa)])).toEqual({
      ...{ written: [`${cve} → ${ghsa}`], renamed: [`moved: ${cve} → ${ghsa}`] },
      ...quiet,
    });
  });

  it('tells what else is new of it', () => {
    const wanted = said(cve, [ghsa], { severity: 'critical', fixed_version: '2' });
    expect(become([said(ghsa)], [wanted]).noted).toEqual([
      `severity-changed: ${cve}`,
      `became-fixable: ${cve}`,
    ]);
    const listed = said('CVE-2026-66666', [ghsa]);
    expect(become([said(ghsa)], [listed]).noted).toEqual(['known-exploited: CVE-2026-66666']);
    expect(become([listed], [{ ...listed, aliases: [] }]).noted).toEqual([]);
    expect(become([said(ghsa, [], { status: 'undetermined' })], [wanted]).noted).toEqual([`added: ${cve}`]);
    expect(become([{ resolved: said(ghsa) }], [wanted])).toMatchObject({
      ...{ renamed: [`moved: ${ghsa} → ${cve}`], noted: [`added: ${cve}`] },
    });
  });

  it('lets what was counted twice be one', () => {
    const rustsec = 'RUSTSEC-2023-0018';
    const wanted = said(ghsa, [rustsec]);
    expect(become([said(ghsa), said(rustsec)], [wanted])).toEqual({
      ...{ written: [`${ghsa} → ${ghsa}`], resolved: [], noted: [] },
      renamed: [`merged: ${rustsec} → ${ghsa}`],
    });
    expect(become([{ resolved: said(ghsa) }, said(rustsec)], [wanted])).toEqual({
      ...{ written: [`${rustsec} → ${ghsa}`], resolved: [], noted: [] },
      renamed: [`moved: ${rustsec} → ${ghsa}`, `merged: ${ghsa} → ${ghsa}`],
    });
  });

  it('lets a bundle that names its CVEs go on in each of them', () => {
    const [one, other] = [said('CVE-2026-1', ['DSA-1']), said('CVE-2026-2', ['DSA-1'])];
    expect(become([said('DSA-1')], [one, other])).toEqual({
      ...{ written: ['DSA-1 → CVE-2026-1', 'undefined → CVE-2026-2'], resolved: [], noted: [] },
      renamed: ['moved: DSA-1 → CVE-2026-1', 'split: DSA-1 → CVE-2026-2'],
    });
  });

  it('knows that one database has a CVE before another does, until that has it, too', () => {
    const [unnamed, named] = [said(ghsa), said(cve, [ghsa])];
    expect(become([unnamed], [unnamed, named])).toEqual({
      ...{ written: [`undefined → ${cve}`], resolved: [], noted: [] },
      renamed: [`split: ${ghsa} → ${cve}`],
    });
    expect(become([unnamed, named], [named])).toEqual({
      ...{ written: [], resolved: [], noted: [] },
      renamed: [`merged: ${ghsa} → ${cve}`],
    });
    const [one, other] = [said('CVE-2026-1'), said('CVE-2026-2', ['CVE-2026-1'])];
    expect(become([one], [one, other])).toMatchObject({ renamed: [], noted: ['added: CVE-2026-2'] });
  });

  it('takes nothing for the same that shares an alias alone, or stands beside it', () => {
    const held = said('CVE-2026-1', ['DSA-1']);
    expect(become([held], [said('CVE-2026-2', ['DSA-1'])])).toEqual({
      ...{ written: ['undefined → CVE-2026-2'], resolved: ['CVE-2026-1'], renamed: [] },
      noted: ['added: CVE-2026-2', 'removed: CVE-2026-1'],
    });
    const second = said('CVE-2026-2');
    expect(become([said('CVE-2026-1', ['CVE-2026-2']), second], [second])).toMatchObject({
      ...{ resolved: ['CVE-2026-1'], renamed: [], noted: ['removed: CVE-2026-1'] },
    });
  });
});

const musl = buildImage({ layers: [buildLayer(alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.11-r0' }))] });
const unnamed: FeedRecord = { cve: ghsa, id: ghsa, name: 'musl', severity: 'high' };
const named: FeedRecord = { ...unnamed, cve, aliases: [ghsa] };
const policy = { mode: 'enforce', minSeverity: 'high', graceDays: { high: 7 } };

describe('reMatch() where a vulnerability gets another name', () => {
  let harness: ScanHarness;
  let namespaceId: number;

  beforeEach(async () => {
    harness = await ScanHarness.start();
    namespaceId = await harness.addNamespace('demo', policy);
    await storeFeedStatus(harness.database.db, new Date());
  });
  afterEach(() => harness.close());

  /** What is stored, shown and judged of the image. */
  async function standing() {
    const { db, pool } = harness.database;
    const { digest } = musl;
    const { rows: stored } = await pool.query<{ id: string; at: Date; over: boolean }>(
      `select vulnerability_id as id, first_seen_at as at, resolved_at is not null as over from package_match order by 1`,
    );
    const history = (await listFindingChanges(db, { digest, limit: 10 })).items;
    const judgedBy = async () =>
      (await harness.facts.factsOf(digest))?.packages.flatMap((one) =>
        one.vulnerabilities.map(({ id }) => id),
      );
    await expect.poll(judgedBy, { timeout: 30_000 }).toEqual(stored.map(({ id }) => id));
    const image = { namespaceId, repository: 'app', digest };
    const [verdict] = await harness.verdicts.verdictsOf([image], { now: new Date() });
    const summary = await db.selectFrom('image_summary').select(['high', 'critical']).executeTakeFirst();
    return {
      stored,
      history: history.map((one) => `${one.change}: ${one.id}`),
      resolved: (await readResolvedFindings(db, digest)).map(({ id }) => id),
      summary,
      counted: await db.selectFrom('package_count').select(['high', 'critical']).execute(),
      verdict: verdict?.kind,
    };
  }

  /** Both ways of judging again: by what the records describe, and everything of the packages. */
  const follow = async (records: readonly FeedRecord[], scoped: boolean) => {
    await storeSmallFeed(harness.database.db, records);
    // As a synchronisation notes them: what the records describe now, and did.
    const described = [cve, ghsa, 'RUSTSEC-2026-1'];
    const changes = {
      changedAdvisoryIds: records.map(({ id = '' }) => id),
      changedCves: [],
      changedPackages: [{ ecosystem: 'Alpine', name: 'musl' }],
    };
    await reMatch(harness.database, scoped ? { ...changes, changedVulnerabilityIds: described } : changes, {
      now: new Date(),
    });
  };

  it.each([true, false])('leaves everything as it was, the gate closed (by records: %s)', async (scoped) => {
    await storeSmallFeed(harness.database.db, [unnamed]);
    await harness.push(namespaceId, musl, { tag: '' });
    await harness.scan(musl.digest);
    await harness.database.pool.query(
      `update stored_match set first_seen_at = first_seen_at - interval '1 h'`,
    );
    const before = await standing();
    expect(before).toMatchObject({ stored: [{ id: ghsa }], verdict: 'block', summary: { high: 1 } });
    await follow([named], scoped);
    const renamed = { ...before, stored: [{ ...before.stored[0], id: cve }] };
    expect(await standing()).toEqual(renamed);
    await follow([{ ...named, severity: 'critical' }], scoped);
    await follow([unnamed], scoped);
    expect(await standing()).toEqual({
      ...before,
      history: [`severity-changed: ${ghsa}`, `severity-changed: ${ghsa}`],
    });
  });

  it.each([true, false])('makes of two rows the one that was seen first (by records: %s)', async (scoped) => {
    const twin: FeedRecord = { ...unnamed, cve: 'RUSTSEC-2026-1', id: 'RUSTSEC-2026-1' };
    await storeSmallFeed(harness.database.db, [twin]);
    await harness.push(namespaceId, musl, { tag: '' });
    await harness.scan(musl.digest);
    const [first] = (await standing()).stored;
    await follow([unnamed], scoped);
    expect(await standing()).toMatchObject({ stored: [{ id: ghsa }, first], summary: { high: 2 } });
    await follow([{ ...twin, cve: ghsa, aliases: ['RUSTSEC-2026-1'] }], scoped);
    expect(await standing()).toEqual({
      stored: [{ ...first, id: ghsa }],
      history: [`added: ${ghsa}`],
      resolved: [],
      summary: { high: 1, critical: 0 },
      counted: [{ high: 1, critical: 0 }],
      verdict: 'block',
    });
  });
});
