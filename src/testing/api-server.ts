import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { AccessSecrets, createSecretHashKey } from '../accounts/access-secrets.ts';
import { AccountLogin } from '../accounts/account-login.ts';
import { createAccount } from '../accounts/accounts.ts';
import { hashPassword } from '../accounts/password-hash.ts';
import { PasswordLogin } from '../accounts/password-login.ts';
import { createRobot } from '../accounts/robots.ts';
import { createSession } from '../accounts/sessions.ts';
import type { ApiDependencies } from '../api/api-dependencies.ts';
import { registerApi } from '../api/register-api.ts';
import { setMember } from '../catalog/members.ts';
import { createNamespace } from '../catalog/namespaces.ts';
import type { Database } from '../database/database.ts';
import { EgressClient } from '../egress/egress-client.ts';
import { NamespacePolicies } from '../gate/namespace-policies.ts';
import { ScanChanges } from '../gate/scan-changes.ts';
import { TagGuard } from '../gate/tag-guard.ts';
import { Verdicts } from '../gate/verdicts.ts';
import { GraphileQueue } from '../jobs/graphile-queue.ts';
import type { NamespaceName } from '../oci/names.ts';
import { attachDocument } from '../registry/manifests/attach-document.ts';
import { ImageFactsStore } from '../scan/reports/image-facts-store.ts';
import { InternedPackages } from '../scan/reports/interned-packages.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { Deliverer } from '../webhooks/deliverer.ts';
import { queueAttempt } from '../webhooks/delivery-enqueuer.ts';
import { DeliveryPlaces } from '../webhooks/delivery-places.ts';
import { MailCarrier } from '../webhooks/mail-carrier.ts';
import { RequestCarrier } from '../webhooks/request-carrier.ts';
import { WebhookStore } from '../webhooks/webhook-store.ts';
import { nobodyWatches } from './serve-registry.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from './temporary-database.ts';

export const apiRoles = [
  'anonymous',
  'guest',
  'developer',
  'maintainer',
  'auditor',
  'namespaceAdmin',
  'stranger',
  'systemAdmin',
  'robot',
  'disabled',
] as const;

/**
 * Who calls: `guest` to `namespaceAdmin` are members of `own`, `stranger` is the admin of `other` and nothing in `own`,
 * `robot` may pull and push in `own`, `disabled` was its developer and has a session still.
 */
export type ApiRole = (typeof apiRoles)[number];

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; undefined for an empty body. */
  readonly body: unknown;
}

export interface ApiServer {
  readonly database: TemporaryDatabase;
  readonly url: string;
  /** `METHOD /api/v1/path` of every registered route. */
  readonly routes: readonly string[];
  readonly ownId: number;
  readonly otherId: number;
  /** What all accounts sign in with; the account of a role bears its name in lower case. */
  readonly password: string;
  readonly secrets: AccessSecrets;
  /** Holds what the API attaches. */
  readonly store: BlobStore;
  now(): Date;
  setNow(now: Date): void;
  call(role: ApiRole, method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  close(): Promise<void>;
}

const password = 'correct horse battery';

/** The API over HTTP on a database of its own, with an account for each role and the namespaces `own` and `other`. */
export async function startApiServer(overrides: Partial<ApiDependencies> = {}): Promise<ApiServer> {
  const database = await createTemporaryDatabase();
  const { db } = database;
  const clock = { now: new Date('2026-02-01T00:00:00Z') };
  // Without a listener nothing is cached, so that a test sees its own changes at once.
  const listener = { subscribe: () => () => {}, isListening: () => false };
  const facts = new ImageFactsStore({ db, listener, now: () => clock.now });
  const policies = new NamespacePolicies({ db, listener });
  const changes = new ScanChanges(listener);
  const costs = { cost: 1024, blockSize: 8, parallelization: 1 };
  const secrets = new AccessSecrets({ key: createSecretHashKey() });
  const queue = new GraphileQueue({ connection: database });
  const fastify = Fastify();
  const store = new MemoryStore();
  const routes: string[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    routes.push(`${String(method)} ${url}`);
  });
  await registerApi(fastify, {
    db,
    login: new AccountLogin({ db, secrets, passwords: new PasswordLogin({ db, costs }) }),
    secrets,
    now: () => clock.now,
    version: '0.0.0-test',
    externalUrl: 'http://registry.test',
    feedAgeMaxDays: 5,
    advisoryOrigin: 'mirrors',
    facts,
    packages: new InternedPackages(db),
    verdicts: new Verdicts({ db, facts, policies, changes, now: () => clock.now }),
    enqueuer: queue,
    canceller: queue,
    pushGuard: new TagGuard(),
    readConfig: async () => undefined,
    attachDocument: (document) => attachDocument({ db, store, pushObserver: nobodyWatches }, document),
    malwareEngines: async () => [],
    webhooks: webhookParts({ db, queue, now: () => clock.now }),
    queueAdvisorySync: (transaction) => queue.enqueue(transaction, 'sync-advisories', {}, { key: 'sync' }),
    ...overrides,
  });
  await fastify.listen({ host: '127.0.0.1', port: 0 });
  const { port } = fastify.server.address() as AddressInfo; // it listens on TCP
  const url = `http://127.0.0.1:${port}/api/v1`;
  const ownId = await makeNamespace(db, 'own');
  const otherId = await makeNamespace(db, 'other');
  const tokens = await makeAccounts(db, {
    ownId,
    otherId,
    hash: await hashPassword(password, costs),
    secrets,
  });
  return {
    database,
    url,
    routes,
    ownId,
    otherId,
    password,
    secrets,
    store,
    now: () => clock.now,
    setNow: (now) => {
      clock.now = now;
    },
    call: (role, method, path, body) => callApi({ url, token: tokens.get(role), method, path, body }),
    close: async () => {
      await fastify.close();
      facts.close();
      policies.close();
      changes.close();
      await database.drop();
    },
  };
}

/** As `app/` wires them, with this machine opened to them. */
function webhookParts(options: {
  readonly db: Database;
  readonly queue: GraphileQueue;
  readonly now: () => Date;
}): ApiDependencies['webhooks'] {
  const { db, queue, now } = options;
  const egress = new EgressClient({ allow: ['127.0.0.1/32'] });
  const store = new WebhookStore({ key: randomBytes(32) });
  const externalUrl = 'http://registry.test';
  const requests = new RequestCarrier({ egress, now, externalUrl });
  const mails = new MailCarrier({ server: undefined, externalUrl });
  const places = new DeliveryPlaces({ nowMs: () => performance.now() });
  const deliverer = new Deliverer({
    db,
    enqueuer: queue,
    requests,
    mails,
    store,
    places,
    now,
    random: () => 0,
  });
  return {
    store,
    checkUrl: (url) => egress.check(url),
    mailRefusalOf: (address) => (address.endsWith('@elsewhere.test') ? 'it is elsewhere' : undefined),
    test: (webhookId, signal) => deliverer.test(webhookId, signal),
    queueDelivery: (transaction, delivery) => queueAttempt(queue, transaction, { delivery }),
  };
}

async function callApi(options: {
  url: string;
  token: string | undefined;
  method: string;
  path: string;
  body: unknown;
}): Promise<ApiAnswer> {
  const { url, token, method, path, body } = options;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

async function makeNamespace(db: Database, name: string): Promise<number> {
  const made = await createNamespace(db, { name: name as NamespaceName }); // a literal of this file
  if (made.kind === 'exists') throw new Error(`namespace ${name} exists`);
  return made.namespace.id;
}

async function makeAccounts(
  db: Database,
  options: { ownId: number; otherId: number; hash: string; secrets: AccessSecrets },
): Promise<ReadonlyMap<ApiRole, string>> {
  const { ownId, otherId, hash, secrets } = options;
  const tokens = new Map<ApiRole, string>();
  for (const role of apiRoles) {
    if (role === 'anonymous') continue;
    if (role === 'robot') {
      tokens.set(role, await makeRobot(db, secrets, ownId));
      continue;
    }
    const name = role.toLowerCase();
    const made = await createAccount(db, { name, passwordHash: hash, isAdmin: role === 'systemAdmin' });
    if (made.kind === 'exists') throw new Error(`account ${name} exists`);
    const accountId = made.account.id;
    if (role === 'stranger') await setMember(db, { namespaceId: otherId, accountId, role: 'admin' });
    else if (role === 'namespaceAdmin') await setMember(db, { namespaceId: ownId, accountId, role: 'admin' });
    else if (role === 'disabled') {
      await setMember(db, { namespaceId: ownId, accountId, role: 'developer' });
      await db
        .updateTable('account')
        .set({ disabled_at: new Date(0) })
        .where('id', '=', accountId)
        .execute();
    } else if (role !== 'systemAdmin') await setMember(db, { namespaceId: ownId, accountId, role });
    const session = await createSession(db, {
      accountId,
      ttlMs: 1e12,
      now: new Date('2026-01-01T00:00:00Z'),
    });
    tokens.set(role, session.token);
  }
  return tokens;
}

/** Its secret. */
async function makeRobot(db: Database, secrets: AccessSecrets, ownId: number): Promise<string> {
  const robot = await createRobot(db, {
    name: 'robot',
    home: { id: ownId, name: 'own' },
    permissions: [{ namespaceId: ownId, permission: 'pull-push' }],
    description: '',
    createdBy: 'a test',
  });
  if (robot.kind === 'exists') throw new Error('the robot exists');
  const wanted = { accountId: robot.accountId, owner: 'robot', name: 'first', scope: 'full' } as const;
  const made = await secrets.create(db, wanted);
  if (made.kind !== 'created') throw new Error('no secret was made');
  return made.text;
}
