import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNamespace } from '../catalog/namespaces.ts';
import { type ImageRef, readImageRefs } from '../lists/image-list.ts';
import type { NamespaceName } from '../oci/names.ts';
import { mergePolicy } from '../policy/parse-policy.ts';
import { defaultPolicy, type Policy } from '../policy/policy.ts';
import type { Severity } from '../report/severity.ts';
import { ImageFactsStore } from '../scan/reports/image-facts-store.ts';
import { digestOfText, storeImage } from '../testing/stored-images.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { readGateBounds } from './gate-bounds.ts';
import { NamespacePolicies } from './namespace-policies.ts';
import { ScanChanges } from './scan-changes.ts';
import { Verdicts } from './verdicts.ts';

const now = new Date('2026-03-01T00:00:00Z');
const order = { by: 'pushedAt', descending: true } as const;

let database: TemporaryDatabase;
let verdicts: Verdicts;
let namespaceId: number;

beforeAll(async () => {
  database = await createTemporaryDatabase();
  const { db, pool } = database;
  const listener = { subscribe: () => () => {}, isListening: () => false };
  const facts = new ImageFactsStore({ db, listener, now: () => now });
  const policies = new NamespacePolicies({ db, listener });
  verdicts = new Verdicts({ db, facts, policies, changes: new ScanChanges(listener), now: () => now });
  const made = await createNamespace(db, { name: 'bounds' as NamespaceName });
  if (made.kind !== 'created') throw new Error('Cannot prepare the namespace');
  namespaceId = made.namespace.id;
  await pool.query(`insert into feed (name, record_count, last_success_at) values ('Alpine', 100, $1)`, [
    now,
  ]);
  const severities: readonly (Severity | 'none')[] = ['critical', 'high', 'medium', 'low', 'unknown', 'none'];
  for (const severity of severities) {
    for (const fixedVersion of ['2', undefined]) {
      const id = `CVE-2026-1${severities.indexOf(severity)}${fixedVersion ?? 0}`;
      const found = {
        id,
        severity: severity as Severity,
        ...(fixedVersion === undefined ? {} : { fixedVersion }),
      };
      await image(`${severity} ${fixedVersion}`, severity === 'none' ? [] : [found]);
    }
  }
  for (const state of ['queued', 'scanning', 'failed', 'cancelled', 'incomplete', 'unsupported']) {
    const digest = await image(`${state} after a result`, [{ id: 'CVE-2026-1', severity: 'high' }]);
    await pool.query('update image_scan set state = $2 where manifest_digest = $1', [digest, state]);
    if (state === 'incomplete' || state === 'unsupported')
      await pool.query('update image_report set outcome = $2 where manifest_digest = $1', [digest, state]);
    const other = await image(`${state} without one`, undefined);
    if (state !== 'incomplete' && state !== 'unsupported') {
      await pool.query(
        `insert into image_scan (manifest_digest, category, state) values ($1, 'vulnerabilities', $2)`,
        [other, state],
      );
    }
  }
  await index('above what is queued', ['queued without one', 'failed without one']);
  await index('above what is cancelled and passes', ['cancelled without one', 'none 2']);
  await index('above what failed', ['failed without one']);
  await index('above what was scanned', ['high 2']);
  await index('above an index', ['above what is queued']);
  for (const severity of ['high', 'low', undefined] as const) await imageWithSecret(severity);
  await imageWithSecret(undefined, 'incomplete');
  await imageWithMalware(1, 'scanned');
  await imageWithMalware(0, 'scanned');
  await imageWithMalware(1, 'incomplete');
  await imageWithMalware(0, 'incomplete');
});

afterAll(async () => {
  await database.drop();
});

/** An index of manifests that are stored, by their content. */
async function index(content: string, children: readonly string[]): Promise<void> {
  const digest = digestOfText(content);
  await database.pool.query(
    `insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content)
     values ($1, 'index', 'index', 2, 0, '{}')`,
    [digest],
  );
  await database.pool.query(
    `insert into manifest_child (parent_digest, position, child_digest, media_type)
     select $1, position, child, 'image' from unnest($2::text[]) with ordinality as c (child, position)`,
    [digest, children.map((child) => digestOfText(child))],
  );
  await database.pool.query(
    `insert into repository_manifest (repository_id, manifest_digest, pushed_by) select min(id), $1, 'test' from repository`,
    [digest],
  );
}

/** An image with one secret, or with a scan for secrets that came to something else than the image's own. */
async function imageWithSecret(severity: Severity | undefined, outcome = 'scanned'): Promise<void> {
  const digest = await image(`secret ${severity ?? 'none'} ${outcome}`, []);
  const found = { rule: 'a-rule', title: 'A', type: 'token', severity, path: 'a', line: 1, count: 1 };
  const facts = { found: severity === undefined ? [] : [found], omitted: {} };
  await database.pool.query(
    'update image_report set secrets_outcome = $2, secret_facts = $3 where manifest_digest = $1',
    [digest, outcome, JSON.stringify(facts)],
  );
  await database.pool.query(
    `update image_summary set secrets_outcome = $2, secrets_high = $3, secrets_low = $4 where manifest_digest = $1`,
    [digest, outcome, severity === 'high' ? 1 : 0, severity === 'low' ? 1 : 0],
  );
  await database.pool.query(
    `insert into image_scan (manifest_digest, category, state) values ($1, 'secrets', $2)`,
    [digest, outcome],
  );
}

/** An image with so many findings of malware, or with a search for it that came to something else than the image's own. */
async function imageWithMalware(count: number, outcome: string): Promise<void> {
  const digest = await image(`malware ${count} ${outcome}`, []);
  const found = Array.from({ length: count }, (_, index) => ({
    engine: 'clamd',
    signature: 'A',
    type: 'worm',
    severity: 'low',
    path: `${index}`,
    layerIndex: 0,
    count: 1,
  }));
  await database.pool.query(
    'update image_report set malware_outcome = $2, malware_facts = $3 where manifest_digest = $1',
    [digest, outcome, JSON.stringify({ found, omitted: {}, signatures: [] })],
  );
  await database.pool.query(
    'update image_summary set malware_outcome = $2, malware_count = $3 where manifest_digest = $1',
    [digest, outcome, count],
  );
  await database.pool.query(
    `insert into image_scan (manifest_digest, category, state) values ($1, 'malware', $2)`,
    [digest, outcome],
  );
}

async function image(
  content: string,
  vulnerabilities:
    | readonly { readonly id: string; readonly severity: Severity; readonly fixedVersion?: string }[]
    | undefined,
): Promise<string> {
  const packages = vulnerabilities?.map((one) => ({
    name: `of ${content}`,
    version: '1',
    vulnerabilities: [one],
  }));
  const stored = await storeImage(database.db, {
    namespaceId,
    repository: 'app',
    content,
    ...(packages === undefined ? {} : { packages }),
  });
  return stored.digest;
}

async function imagesThatMayBe(policy: Policy, kind: string): Promise<readonly ImageRef[]> {
  const { db } = database;
  const bounds = await readGateBounds(db, { namespaceIds: [namespaceId], policy, now });
  return await readImageRefs(db, { filter: { gate: { bounds, kind } }, order, limit: 1_000 });
}

const changes: readonly (readonly [
  string,
  object,
  'all are told apart' | 'some need their facts' | 'some may be left open',
])[] = [
  ['off', { mode: 'off' }, 'all are told apart'],
  ['observe', { mode: 'observe' }, 'some need their facts'],
  ['enforce', { mode: 'enforce' }, 'some need their facts'],
  ['critical only', { mode: 'enforce', minSeverity: 'critical' }, 'some need their facts'],
  [
    'low, unknown as negligible',
    { mode: 'enforce', minSeverity: 'low', unknownSeverityAs: 'negligible' },
    'some need their facts',
  ],
  ['secrets', { mode: 'enforce', secrets: 'high' }, 'some may be left open'],
  ['secrets, warned of', { mode: 'observe', secrets: 'low' }, 'some may be left open'],
  ['no malware', { mode: 'enforce', malware: 'off' }, 'some need their facts'],
  ['fixable only', { mode: 'enforce', fixableOnly: true }, 'some need their facts'],
  ['grace and EPSS', { mode: 'enforce', graceDays: { high: 3650 }, epssMin: 0.5 }, 'some need their facts'],
  [
    'other states',
    {
      mode: 'enforce',
      states: {
        pending: 'warn',
        failed: 'warn',
        incomplete: 'warn',
        unsupported: 'block',
        undetermined: 'block',
      },
    },
    'some need their facts',
  ],
];

describe.each([
  ['without KEV and EPSS', [], changes],
  [
    'with them',
    ['KEV', 'EPSS'],
    changes.filter(([name]) => ['critical only', 'fixable only', 'grace and EPSS'].includes(name)),
  ],
] as const)('readGateBounds() %s', (_title, feeds, asked) => {
  beforeAll(async () => {
    for (const name of feeds)
      await database.db
        .insertInto('feed')
        .values({ name, newest_record_at: now, last_attempt_at: now, last_success_at: now })
        .execute();
  });

  test.each(asked)('leaves out no image that has the verdict: %s', async (_name, change, expected) => {
    const merged = mergePolicy(defaultPolicy, change as Parameters<typeof mergePolicy>[1]);
    if (merged.kind !== 'ok') throw new Error(merged.problems.join());
    const { policy } = merged;
    const all = await readImageRefs(database.db, { filter: {}, order, limit: 1_000 });
    const judged = await verdicts.verdictsOf(all, { now, policy });
    if (policy.mode === 'enforce' && typeof policy.states.pending === 'object')
      expect(judged.filter(({ kind }) => kind === 'hold').length).toBeGreaterThan(4);
    let shown = 0;
    for (const kind of ['allow', 'warn', 'hold', 'block']) {
      const may = await imagesThatMayBe(policy, kind);
      const are = all.filter((_, index) => judged[index]?.kind === kind).map(({ id }) => id);
      expect(
        may.map(({ id }) => id),
        kind,
      ).toEqual(expect.arrayContaining(are));
      shown += may.length;
    }
    // A bound that leaves out nothing would be right, and of no use: every image under every verdict.
    if (expected === 'all are told apart') expect(shown).toBe(all.length);
    // Images that were never searched for secrets are open where the policy asks for them.
    else expect(shown).toBeLessThan(all.length * (expected === 'some need their facts' ? 2.5 : 4));
  });

  test('an exemption makes its images open, until it expires', async () => {
    const policy: Policy = { ...defaultPolicy, mode: 'enforce' };
    const blocked = () => imagesThatMayBe(policy, 'block').then((refs) => refs.map(({ digest }) => digest));
    const allowed = () => imagesThatMayBe(policy, 'allow').then((refs) => refs.map(({ digest }) => digest));
    const digest = digestOfText('high 2');
    expect(await allowed()).not.toContain(digest);
    await database.pool.query(
      `insert into exemption (namespace_id, vulnerability_id, reason, created_by, expires_at)
       values ($1, 'CVE-2026-112', 'test', 'test', $2)`,
      [namespaceId, new Date(now.getTime() + 1)],
    );
    expect(await allowed()).toContain(digest);
    expect(await blocked()).toContain(digest);
    await database.pool.query('update exemption set expires_at = $1', [now]);
    expect(await allowed()).not.toContain(digest);
    await database.pool.query('delete from exemption');
  });
});

test('an exemption takes out what is listed as exploited by an alias, once for each package', async () => {
  const { db, pool } = database;
  const found = { id: 'CVE-2026-70', severity: 'low', aliases: ['CVE-2026-71', 'CVE-2026-72'] } as const;
  await image('exploited 1', [found]);
  await image('exploited 2', [found]);
  await pool.query(
    `insert into known_exploited (cve, added_on, ransomware, details) values ('CVE-2026-72', '2026-01-01', false, '{}')`,
  );
  const exemptedMax = async (knownExploited: boolean) => {
    const policy: Policy = { ...defaultPolicy, mode: 'enforce', minSeverity: 'high', knownExploited };
    const [bound] = await readGateBounds(db, { namespaceIds: [namespaceId], policy, now });
    return bound?.exemptedMax;
  };
  await pool.query(
    `insert into exemption (namespace_id, vulnerability_id, reason, created_by)
     values ($1, 'CVE-2026-71', 't', 't'), ($1, 'CVE-2026-70', 't', 't')`,
    [namespaceId],
  );
  const { rows } = await pool.query(`select from package_match where vulnerability_id = 'CVE-2026-70'`);
  expect(await exemptedMax(true)).toBe(rows.length);
  expect(await exemptedMax(false)).toBe(0);
  await pool.query('delete from exemption; delete from known_exploited');
});

describe('an index of more images than are judged at once (threats.md §6)', () => {
  test('may be pulled when one of them may, and is shown with a doubt', async () => {
    const { db, pool } = database;
    const digest = digestOfText('wide');
    await pool.query(
      `insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content) values ($1, 'index', 'index', 2, 0, '{}')`,
      [digest],
    );
    await pool.query(
      `insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content)
       select 'sha256:' || encode(sha256(convert_to('child ' || n, 'UTF8')), 'hex'), 'image', 'image', 2, 0, '{}'
       from generate_series(0, 449) n`,
    );
    await pool.query(
      `insert into manifest_child (parent_digest, position, child_digest, media_type)
       select $1, n, 'sha256:' || encode(sha256(convert_to('child ' || n, 'UTF8')), 'hex'), 'image' from generate_series(0, 449) n`,
      [digest],
    );
    const policy: Policy = {
      ...defaultPolicy,
      mode: 'enforce',
      states: { ...defaultPolicy.states, pending: 'block' },
    };
    const judge = async () =>
      (await verdicts.verdictsOf([{ namespaceId, repository: 'app', digest }], { now, policy }))[0]?.kind;
    expect(await judge()).toBe('block');
    const clean = digestOfText('none 2');
    await pool.query(
      'update manifest_child set child_digest = $2 where parent_digest = $1 and position = 449',
      [digest, clean],
    );
    expect(await judge()).toBe('warn');
    const store = new ImageFactsStore({
      db,
      listener: { subscribe: () => () => {}, isListening: () => true },
      now: () => now,
    });
    const facts = await store.factsOf(digest);
    expect(facts?.doubts.map(({ code }) => code)).toContain('index-in-part');
    store.close();
  });
});

describe('readGateBounds() with secrets', () => {
  test('tells images apart by their secrets, unless an exemption may be of them', async () => {
    const policy: Policy = { ...defaultPolicy, mode: 'enforce', secrets: 'high' };
    const digestsOf = async (kind: string) =>
      (await imagesThatMayBe(policy, kind)).map(({ digest }) => digest);
    const [high, low] = [digestOfText('secret high scanned'), digestOfText('secret low scanned')];
    expect(await digestsOf('block')).toEqual(expect.arrayContaining([high]));
    expect(await digestsOf('block')).not.toContain(low);
    expect(await digestsOf('allow')).not.toContain(high);
    await database.pool.query(
      `insert into exemption (namespace_id, vulnerability_id, reason, created_by) values ($1, 'SECRET:A-RULE', 't', 't')`,
      [namespaceId],
    );
    expect(await digestsOf('allow')).toContain(high);
    await database.pool.query('delete from exemption');
  });
});

describe('readGateBounds() with malware', () => {
  test('tells images apart by their malware, unless an exemption may be of it', async () => {
    const digestsOf = async (kind: string, change: Partial<Policy> = {}) =>
      (await imagesThatMayBe({ ...defaultPolicy, mode: 'enforce', ...change }, kind)).map(
        ({ digest }) => digest,
      );
    const [found, none] = [digestOfText('malware 1 scanned'), digestOfText('malware 0 scanned')];
    expect(await digestsOf('block')).toContain(found);
    expect(await digestsOf('block')).not.toContain(none);
    expect(await digestsOf('allow')).not.toContain(found);
    expect(await digestsOf('allow', { malware: 'off' })).toContain(found);
    await database.pool.query(
      `insert into exemption (namespace_id, vulnerability_id, reason, created_by) values ($1, 'MALWARE:A', 't', 't')`,
      [namespaceId],
    );
    expect(await digestsOf('allow')).toContain(found);
    await database.pool.query('delete from exemption');
  });
});
