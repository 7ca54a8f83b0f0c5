import { deflateRawSync } from 'node:zlib';
import { createAccount, findAccount } from '../accounts/accounts.ts';
import { createRobot } from '../accounts/robots.ts';
import { createSession, listSessions } from '../accounts/sessions.ts';
import type { OperationId } from '../api/contract/operations/operations.ts';
import { createExemptions } from '../catalog/exemptions.ts';
import { createImmutabilityRule } from '../catalog/immutability-rules.ts';
import { setMember } from '../catalog/members.ts';
import type { Database } from '../database/database.ts';
import type { ApiServer } from './api-server.ts';
import { storeImage } from './stored-images.ts';

/** A valid call of an operation on things made for it, so that calls do not depend on each other. */
export interface ApiCall {
  readonly path: string;
  readonly body?: unknown;
}

type Prepare = (server: ApiServer, unique: string) => ApiCall | Promise<ApiCall>;

const custom = {
  template: 'custom',
  repositories: { match: 'matching', pattern: '**' },
  tags: { match: 'matching', pattern: 'v*' },
};

/** For each operation a call in namespace `own` that a system admin may make; `unique` is a lower-case word. */
export const apiCalls: Readonly<Record<OperationId, Prepare>> = {
  createSession: ({ password }) => ({ path: '/session', body: { username: 'guest', password } }),
  getSession: () => ({ path: '/session' }),
  deleteSession: () => ({ path: '/session' }),
  listSessions: () => ({ path: '/sessions' }),
  endSession: async (server, unique) => ({
    path: `/sessions/${await makeSessionOfCaller(server, unique)}`,
  }),
  // One that changes nothing of the sessions which the tests call with.
  endOtherSessions: () => ({ path: '/sessions' }),
  changePassword: ({ password }) => ({
    path: '/password',
    body: { currentPassword: password, newPassword: password },
  }),
  listUsers: () => ({ path: '/users' }),
  createUser: (_, unique) => ({ path: '/users', body: { name: unique } }),
  changeUser: async ({ database: { db } }, unique) => {
    await makeUser(db, unique);
    return { path: `/users/${unique}`, body: { disabled: true } };
  },
  deleteUser: async ({ database: { db } }, unique) => {
    await makeUser(db, unique);
    return { path: `/users/${unique}` };
  },
  listAccessTokens: () => ({ path: '/tokens' }),
  createAccessToken: (_, unique) => ({ path: '/tokens', body: { name: unique, scope: 'read-only' } }),
  revokeAccessToken: async (server, unique) => ({
    path: `/tokens/${await makeTokenOfCaller(server, unique)}`,
  }),
  listUserAccessTokens: () => ({ path: '/users/guest/tokens' }),
  revokeUserAccessToken: async (server, unique) => ({
    path: `/users/guest/tokens/${await makeTokenOfCaller(server, `${unique}-guest`)}`,
  }),
  listRobots: () => ({ path: '/namespaces/own/robots' }),
  createRobot: (_, unique) => ({
    path: '/namespaces/own/robots',
    body: { name: unique, permission: 'pull-push', expiresAt: '2099-01-01T00:00:00Z' },
  }),
  changeRobot: async (server, name) => {
    await makeRobot(server, { name, namespace: 'own' });
    return { path: `/namespaces/own/robots/${name}`, body: { permission: 'pull', disabled: true } };
  },
  deleteRobot: async (server, name) => {
    await makeRobot(server, { name, namespace: 'own' });
    return { path: `/namespaces/own/robots/${name}` };
  },
  createRobotSecret: async (server, name) => {
    await makeRobot(server, { name, namespace: 'own' });
    return { path: `/namespaces/own/robots/${name}/secrets`, body: {} };
  },
  revokeRobotSecret: async (server, name) => {
    const { secretId } = await makeRobot(server, { name, namespace: 'own' });
    return { path: `/namespaces/own/robots/${name}/secrets/${secretId}` };
  },
  listRegistryRobots: () => ({ path: '/robots' }),
  createRegistryRobot: (_, unique) => ({
    path: '/robots',
    body: { name: unique, permissions: [{ namespace: 'own', permission: 'pull-push-delete' }] },
  }),
  changeRegistryRobot: async (server, name) => {
    await makeRobot(server, { name });
    return { path: `/robots/${name}`, body: { permissions: [{ namespace: 'other', permission: 'pull' }] } };
  },
  deleteRegistryRobot: async (server, name) => {
    await makeRobot(server, { name });
    return { path: `/robots/${name}` };
  },
  createRegistryRobotSecret: async (server, name) => {
    await makeRobot(server, { name });
    return { path: `/robots/${name}/secrets`, body: { secretName: 'next' } };
  },
  revokeRegistryRobotSecret: async (server, name) => {
    const { secretId } = await makeRobot(server, { name });
    return { path: `/robots/${name}/secrets/${secretId}` };
  },
  endUserSessions: async ({ database: { db } }, unique) => {
    await makeUser(db, unique);
    return { path: `/users/${unique}/sessions` };
  },
  listAllEvents: () => ({ path: '/events' }),
  listFindingChanges: () => ({ path: '/finding-changes' }),
  getSystem: () => ({ path: '/system' }),
  getOpenApi: () => ({ path: '/openapi.json' }),
  listNamespaces: () => ({ path: '/namespaces' }),
  createNamespace: (_, unique) => ({ path: '/namespaces', body: { name: unique, autoScan: true } }),
  getNamespace: () => ({ path: '/namespaces/own' }),
  changeNamespace: () => ({ path: '/namespaces/own', body: { policy: { minSeverity: 'high' } } }),
  deleteNamespace: async ({ database: { db } }, unique) => {
    await db.insertInto('namespace').values({ name: unique }).execute();
    return { path: `/namespaces/${unique}` };
  },
  previewPolicy: () => ({ path: '/namespaces/own/policy-preview', body: { policy: { mode: 'enforce' } } }),
  listMembers: () => ({ path: '/namespaces/own/members' }),
  putMember: async ({ database: { db } }, unique) => {
    await makeUser(db, unique);
    return { path: `/namespaces/own/members/${unique}`, body: { role: 'guest' } };
  },
  deleteMember: async ({ database: { db }, ownId }, unique) => {
    const accountId = await makeUser(db, unique);
    await setMember(db, { namespaceId: ownId, accountId, role: 'guest' });
    return { path: `/namespaces/own/members/${unique}` };
  },
  listEvents: () => ({ path: '/namespaces/own/events' }),
  listExemptions: () => ({ path: '/namespaces/own/exemptions' }),
  createExemptions: () => ({
    path: '/namespaces/own/exemptions',
    body: { ids: ['CVE-2024-12345'], reason: 'a test' },
  }),
  deleteExemption: async ({ database: { db }, ownId }) => ({
    path: `/namespaces/own/exemptions/${await makeExemption(db, ownId)}`,
  }),
  listImmutabilityRules: () => ({ path: '/namespaces/own/immutability-rules' }),
  createImmutabilityRule: () => ({
    path: '/namespaces/own/immutability-rules',
    body: { template: 'latest' },
  }),
  previewImmutabilityRule: () => ({ path: '/namespaces/own/immutability-rules/preview', body: custom }),
  changeImmutabilityRule: async ({ database: { db }, ownId }) => ({
    path: `/namespaces/own/immutability-rules/${await makeRule(db, ownId)}`,
    body: { enabled: false },
  }),
  deleteImmutabilityRule: async ({ database: { db }, ownId }) => ({
    path: `/namespaces/own/immutability-rules/${await makeRule(db, ownId)}`,
  }),
  listRepositories: () => ({ path: '/repositories?namespace=own' }),
  listTags: async (server, unique) => {
    await makeImage(server, unique);
    return { path: `/repositories/own/tags?repository=${unique}` };
  },
  deleteRepository: async (server, unique) => {
    await makeImage(server, unique);
    await server.database.db.deleteFrom('immutability_rule').execute();
    return { path: `/repositories/own?repository=${unique}` };
  },
  deleteTag: async (server, unique) => {
    await makeImage(server, unique);
    // A rule of another call would keep the tag.
    await server.database.db.deleteFrom('immutability_rule').execute();
    return { path: `/namespaces/own/tags?repository=${unique}&tag=1.0` };
  },
  listImages: () => ({ path: '/images?namespace=own' }),
  getImage: async (server, unique) => ({ path: `/images/${await makeImage(server, unique)}` }),
  deleteImage: async (server, unique) => {
    const id = await makeImage(server, unique);
    await server.database.db.deleteFrom('immutability_rule').execute();
    return { path: `/images/${id}` };
  },
  listFindings: async (server, unique) => ({ path: `/images/${await makeImage(server, unique)}/findings` }),
  listImageChanges: async (server, unique) => ({
    path: `/images/${await makeImage(server, unique)}/finding-changes`,
  }),
  listResolvedFindings: async (server, unique) => ({
    path: `/images/${await makeImage(server, unique)}/resolved-findings`,
  }),
  listPackages: async (server, unique) => ({ path: `/images/${await makeImage(server, unique)}/packages` }),
  listMalware: async (server, unique) => ({ path: `/images/${await makeImage(server, unique)}/malware` }),
  listMalwareEngines: async () => ({ path: '/malware-engines' }),
  listSecrets: async (server, unique) => ({ path: `/images/${await makeImage(server, unique)}/secrets` }),
  getSbom: async (server, unique) => ({ path: `/images/${await makeImage(server, unique)}/sbom` }),
  attachSbom: async (server, unique) => ({
    path: `/images/${await makeImage(server, unique)}/sbom`,
    body: { format: 'cyclonedx' },
  }),
  scanImage: async (server, unique) => ({ path: `/images/${await makeImage(server, unique)}/scan` }),
  cancelScan: async (server, unique) => ({ path: `/images/${await makeImage(server, unique)}/scan` }),
  scanImages: async (server, unique) => ({
    path: '/scans',
    body: { imageIds: [await makeImage(server, unique)] },
  }),
  getVerdict: async (server, unique) => {
    await makeImage(server, unique);
    return { path: `/verdict?image=own/${unique}:1.0` };
  },
  getVulnerability: async ({ database: { db } }) => {
    await makeAdvisory(db);
    return { path: '/vulnerabilities/CVE-2016-2148' };
  },
  compareImages: (server, unique) => comparisonCall(server, unique, ''),
  listComparedFindings: (server, unique) => comparisonCall(server, unique, '/findings'),
  listComparedPackages: (server, unique) => comparisonCall(server, unique, '/packages'),
  search: () => ({ path: '/search?namespace=own&q=busybox' }),
  searchPackages: () => ({ path: '/packages?namespace=own&q=busybox' }),
  listVulnerabilities: () => ({ path: '/vulnerabilities?namespace=own' }),
  listWebhooks: () => ({ path: namespaceWebhooks }),
  createWebhook: async ({ database: { db } }) => {
    await db.deleteFrom('webhook').execute();
    return { path: namespaceWebhooks, body: webhook };
  },
  changeWebhook: (server) => webhookCall(server, namespaceWebhooks, '', { enabled: false, newSecret: true }),
  deleteWebhook: (server) => webhookCall(server, namespaceWebhooks, ''),
  testWebhook: (server) => webhookCall(server, namespaceWebhooks, '/test'),
  listWebhookDeliveries: (server) => webhookCall(server, namespaceWebhooks, '/deliveries'),
  redeliverWebhook: async (server) => {
    const { deliveryPath } = await makeWebhook(server, namespaceWebhooks);
    return { path: `${deliveryPath}/redeliver` };
  },
  listRegistryWebhooks: () => ({ path: '/webhooks' }),
  createRegistryWebhook: async ({ database: { db } }) => {
    await db.deleteFrom('webhook').execute();
    return { path: '/webhooks', body: webhook };
  },
  changeRegistryWebhook: (server) =>
    webhookCall(server, '/webhooks', '', { enabled: false, newSecret: true }),
  deleteRegistryWebhook: (server) => webhookCall(server, '/webhooks', ''),
  testRegistryWebhook: (server) => webhookCall(server, '/webhooks', '/test'),
  listRegistryWebhookDeliveries: (server) => webhookCall(server, '/webhooks', '/deliveries'),
  redeliverRegistryWebhook: async (server) => {
    const { deliveryPath } = await makeWebhook(server, '/webhooks');
    return { path: `${deliveryPath}/redeliver` };
  },
  listFeeds: () => ({ path: '/advisories' }),
  listFeedUpdates: () => ({ path: '/advisories/history' }),
  syncAdvisories: () => ({ path: '/advisories/sync' }),
  getAdvisory: async ({ database: { db } }) => {
    await makeAdvisory(db);
    return { path: '/advisories/ALPINE-CVE-2016-2148' };
  },
};

const webhook = {
  name: 'hook',
  format: 'cloudevents',
  url: 'http://127.0.0.1:65535/',
  kinds: ['pull.blocked'],
};

/** Adds a webhook to the list at `path`, after the others are gone; with a delivery that failed. */
export async function makeWebhook(
  server: ApiServer,
  path: string,
): Promise<{ readonly path: string; readonly deliveryPath: string }> {
  await server.database.db.deleteFrom('webhook').execute();
  const made = await post<{ readonly webhook: { readonly id: number } }>(server, path, webhook);
  const own = `${path}/${made.webhook.id}`;
  const delivery = await post<{ readonly id: number }>(server, `${own}/test`, {});
  return { path: own, deliveryPath: `${own}/deliveries/${delivery.id}` };
}

/** As the admin, by password: some calls end all sessions. `Answer`: the body of a success, as its schema has it. */
async function post<Answer>(server: ApiServer, path: string, body: object): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(`systemadmin:${server.password}`).toString('base64')}`;
  const headers = { 'content-type': 'application/json', authorization };
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

async function webhookCall(
  server: ApiServer,
  list: string,
  ofWebhook: string,
  body?: unknown,
): Promise<ApiCall> {
  const { path } = await makeWebhook(server, list);
  return { path: `${path}${ofWebhook}`, ...(body === undefined ? {} : { body }) };
}

const namespaceWebhooks = '/namespaces/own/webhooks';

async function makeUser(db: Database, name: string): Promise<number> {
  const made = await createAccount(db, { name });
  if (made.kind === 'exists') throw new Error(`account ${name} exists`);
  return made.account.id;
}

export async function makeExemption(db: Database, namespaceId: number): Promise<number> {
  const wanted = {
    namespaceId,
    vulnerabilityIds: ['CVE-2024-1111'],
    reason: 'a test',
    createdBy: 'somebody',
  };
  const [made] = await createExemptions(db, wanted);
  if (made === undefined) throw new Error('no exemption was made');
  return made.id;
}

export async function makeRule(db: Database, namespaceId: number): Promise<number> {
  const everything = { match: 'matching', pattern: '**' } as const;
  const pattern = { repositories: everything, tags: { match: 'matching', pattern: 'stable' } as const };
  const rule = { namespaceId, template: 'custom', ...pattern, createdBy: 'somebody' } as const;
  return (await createImmutabilityRule(db, rule)).id;
}

/** A robot that may pull from the namespace, or one of the registry that may do nothing; `secret` is its first one's text. */
export async function makeRobot(
  { database: { db }, secrets }: ApiServer,
  robot: { readonly name: string; readonly namespace?: string },
): Promise<{ readonly login: string; readonly secretId: number; readonly secret: string }> {
  const home =
    robot.namespace === undefined
      ? undefined
      : await db
          .selectFrom('namespace')
          .select(['id', 'name'])
          .where('name', '=', robot.namespace)
          .executeTakeFirstOrThrow();
  const made = await createRobot(db, {
    name: robot.name,
    permissions: home === undefined ? [] : [{ namespaceId: home.id, permission: 'pull' }],
    description: '',
    createdBy: 'somebody',
    ...(home === undefined ? {} : { home }),
  });
  if (made.kind === 'exists') throw new Error(`robot ${robot.name} exists`);
  const secret = { accountId: made.accountId, owner: 'robot', name: 'first', scope: 'full' } as const;
  const created = await secrets.create(db, secret);
  if (created.kind !== 'created') throw new Error('no secret was made');
  return { login: made.login, secretId: created.secret.id, secret: created.text };
}

/** The caller's role is the last word of `unique`, and its account bears that name; nobody has no tokens. */
async function makeTokenOfCaller({ database: { db }, secrets }: ApiServer, unique: string): Promise<number> {
  const account = await findAccount(db, unique.split('-').at(-1) ?? '');
  if (account === undefined) return 1;
  const token = { accountId: account.id, owner: 'user', name: unique, scope: 'full' } as const;
  const created = await secrets.create(db, token);
  if (created.kind !== 'created') throw new Error('no token was made');
  return created.secret.id;
}

/** As `makeTokenOfCaller()`; robots and nobody have no sessions. */
async function makeSessionOfCaller({ database: { db }, now }: ApiServer, unique: string): Promise<number> {
  const account = await findAccount(db, unique.split('-').at(-1) ?? '');
  if (account === undefined) return 1_000_000;
  await createSession(db, { accountId: account.id, ttlMs: 1e9, now: now(), client: unique });
  const [newest] = await listSessions(db, { accountId: account.id, now: now() });
  if (newest === undefined) throw new Error('no session was made');
  return newest.id;
}

async function makeImage({ database: { db }, ownId }: ApiServer, unique: string): Promise<number> {
  const busybox = {
    name: 'busybox',
    version: '1.24.2-r9',
    vulnerabilities: [{ id: 'CVE-2016-2148', severity: 'critical', fixedVersion: '1.24.2-r12' } as const],
  };
  const image = {
    namespaceId: ownId,
    repository: unique,
    tags: ['1.0'],
    content: unique,
    packages: [busybox],
  };
  return (await storeImage(db, image)).id;
}

/** With an image pushed before. */
async function comparisonCall(server: ApiServer, unique: string, ofComparison: string): Promise<ApiCall> {
  const earlier = await makeImage(server, `${unique}-before`);
  return {
    path: `/images/${await makeImage(server, unique)}/comparison${ofComparison}?with=${earlier}`,
  };
}

/** One record, as a feed would bring it. */
async function makeAdvisory(db: Database): Promise<void> {
  const id = 'ALPINE-CVE-2016-2148';
  const modified = '2020-01-01T00:00:00Z';
  await db
    .insertInto('advisory')
    .values({
      id,
      modified_at: new Date(modified),
      published_at: null,
      withdrawn_at: null,
      vulnerabilities: ['CVE-2016-2148'],
      aliases: [],
      ratings: '[]',
      summary: 'Heap overflow in the DHCP client',
      content_hash: Buffer.alloc(32),
      record: deflateRawSync(JSON.stringify({ id, modified, details: 'Heap overflow', affected: [] })),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
