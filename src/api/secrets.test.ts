import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SecretFinding } from '../report/image-secrets.ts';
import { secretFacts } from '../scan/image-secrets.ts';
import { encodeSecrets } from '../scan/reports/image-secrets-store.ts';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import { random } from '../testing/samples/secret-samples.ts';
import { digestOfText, storeImage } from '../testing/stored-images.ts';

const password = `Ab3${random.mixed(14, 7)}`;
const config = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [digestOfText('a'), digestOfText('b')] },
  history: [{ created_by: 'ADD rootfs' }, { created_by: `RUN |1 DB_PASSWORD=${password} /bin/sh -c make` }],
});

const base: Omit<SecretFinding, 'rule' | 'severity' | 'type' | 'path'> = {
  title: 'A token',
  masked: 'gh******',
  line: 2,
  firstSeenAt: '2026-01-02T00:00:00.000Z',
};
const findings: readonly SecretFinding[] = [
  {
    ...base,
    rule: 'github-token',
    severity: 'critical',
    type: 'code-host',
    path: 'root/.netrc',
    layer: { index: 1, digest: digestOfText('layer 1') },
    fate: { kind: 'deleted', byLayer: 2 },
  },
  { ...base, rule: 'secret-variable', severity: 'high', type: 'password', path: 'config:env/DB_PASSWORD' },
];

let server: ApiServer;
let id: number;
let cleanId: number;

beforeAll(async () => {
  server = await startApiServer({ readConfig: async () => Buffer.from(config) });
  const { db } = server.database;
  const app = { namespaceId: server.ownId, repository: 'app', packages: [] };
  const image = await storeImage(db, { ...app, content: 'leaky' });
  const other = await storeImage(db, { ...app, content: 'clean' });
  [id, cleanId] = [image.id, other.id];
  for (const [digest, found] of [
    [image.digest, findings],
    [other.digest, []],
  ] as const) {
    await db
      .updateTable('image_report')
      .set({
        secrets_outcome: 'scanned',
        secret_facts: JSON.stringify(secretFacts({ findings: found, omitted: {} })),
        secrets: await encodeSecrets(found),
      })
      .where('manifest_digest', '=', digest)
      .execute();
    await db
      .updateTable('image_summary')
      .set({ secrets_outcome: 'scanned', secrets_critical: found.length === 0 ? 0 : 1 })
      .where('manifest_digest', '=', digest)
      .execute();
  }
});
afterAll(() => server.close());

const get = async (path: string) => {
  const { status, body } = await server.call('guest', 'GET', path);
  expect(status).toBe(200);
  return body;
};

describe('GET /images/:id/secrets', () => {
  it('lists them worst first, with place and what a later layer does, and filters', async () => {
    expect(await get(`/images/${id}/secrets`)).toMatchObject({
      total: 2,
      items: [
        {
          kind: 'secret',
          rule: 'github-token',
          masked: 'gh******',
          path: 'root/.netrc',
          line: 2,
          layer: { index: 1, createdBy: null },
          fate: { kind: 'deleted', byLayer: 2 },
        },
        { rule: 'secret-variable', layer: null, fate: null },
      ],
    });
    for (const [query, rule] of [
      ['severity=high', 'secret-variable'],
      ['type=code-host', 'github-token'],
      ['q=NETRC', 'github-token'],
      ['limit=1', 'github-token'],
    ]) {
      expect(await get(`/images/${id}/secrets?${query}`)).toMatchObject({ items: [{ rule }] });
    }
  });

  it('counts them with the image, whose build history is shown without secrets (threats.md E4)', async () => {
    const image = await get(`/images/${id}`);
    expect(image).toMatchObject({
      secrets: { counts: { critical: 1, high: 1, medium: 0 } },
      history: [{ createdBy: 'ADD rootfs' }, { createdBy: 'RUN |1 DB_PASSWORD=Ab****** /bin/sh -c make' }],
    });
    expect(JSON.stringify(image)).not.toContain(password.slice(2));
  });

  it('takes exemptions by rule and path, and refuses scopes that would never count', async () => {
    const exempt = (body: object) =>
      server.call('namespaceAdmin', 'POST', '/namespaces/own/exemptions', { reason: 'revoked', ...body });
    expect((await exempt({ ids: ['secret:github-token'], path: 'root/*' })).status).toBe(201);
    expect((await exempt({ ids: ['secret:github-token'], package: 'x' })).status).toBe(400);
    expect((await exempt({ ids: ['CVE-2024-0001'], path: 'root/*' })).status).toBe(400);
    expect(await get(`/images/${id}/secrets?exempted=true`)).toMatchObject({
      items: [{ rule: 'github-token', exempted: { reason: 'revoked' } }],
    });
  });
});

describe('PATCH /namespaces/:namespace with a policy that asks for secrets', () => {
  it('queues what was never searched for them, and nothing else', async () => {
    const { db } = server.database;
    const old = await storeImage(db, {
      namespaceId: server.ownId,
      repository: 'app',
      content: 'scanned before',
      packages: [],
    });
    await db
      .updateTable('image_report')
      .set({ inspector_version: 5 })
      .where('manifest_digest', '=', old.digest)
      .execute();
    const change = (policy: object) => server.call('namespaceAdmin', 'PATCH', '/namespaces/own', { policy });
    const queued = () =>
      db
        .selectFrom('image_scan')
        .select(['manifest_digest', 'category'])
        .where('state', '=', 'queued')
        .orderBy('category')
        .execute();
    await change({ mode: 'enforce' });
    expect(await queued()).toEqual([]);
    await change({ secrets: 'high' });
    expect(await queued()).toEqual([
      { manifest_digest: old.digest, category: 'malware' },
      { manifest_digest: old.digest, category: 'secrets' },
      { manifest_digest: old.digest, category: 'vulnerabilities' },
    ]);
  });
});

describe('GET /images?secrets=…', () => {
  it('tells what was found from what was not, and from what nobody looked at', async () => {
    const { db } = server.database;
    const app = { namespaceId: server.ownId, repository: 'unread' };
    const unread = await storeImage(db, { ...app, content: 'never looked at', packages: [] });
    const idsOf = async (secrets: string) =>
      ((await get(`/images?secrets=${secrets}`)) as { items: { id: number }[] }).items.map((one) => one.id);
    expect(await idsOf('found')).toEqual([id]);
    expect(await idsOf('none')).toEqual([cleanId]);
    const unknown = await idsOf('unknown');
    expect(unknown).toContain(unread.id);
    expect(unknown).not.toContain(id);
    expect(unknown).not.toContain(cleanId);
    expect((await server.call('guest', 'GET', '/images?secrets=perhaps')).status).toBe(400);
  });
});
