import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRobot } from '../accounts/robots.ts';
import { apiCalls, makeExemption, makeRobot, makeRule, makeWebhook } from '../testing/api-calls.ts';
import { type ApiServer, apiRoles, startApiServer } from '../testing/api-server.ts';
import { apiPrefix } from './contract/operations/openapi-document.ts';
import type { Operation } from './contract/operations/operation.ts';
import { type OperationId, operations } from './contract/operations/operations.ts';
import { compileValidator } from './validate.ts';

/**
 * Who gets what (threats.md A1): a status for each role in the order of `apiRoles`:
 * anonymous, guest, developer, maintainer, auditor, namespace admin, stranger (admin of another namespace), system admin,
 * robot (pull and push), disabled (was a developer).
 */
const everybody = (status: number) => Array.from({ length: 10 }, () => status);
const accounts = (status: number) => [401, ...everybody(status).slice(2), 401];
/** `robots`: what those get, who have neither password nor sessions. */
const users = (status: number, robots = 403) => [401, ...everybody(status).slice(3), robots, 401];
const admins = (status: number) => [401, 403, 403, 403, 403, 403, 403, status, 403, 401];
const members = [401, 200, 200, 200, 200, 200, 404, 200, 200, 401];
const scanners = [401, 403, 202, 202, 403, 202, 404, 202, 202, 401];
const auditors = [401, 403, 403, 403, 200, 200, 404, 200, 403, 401];
const configurers = (status: number) => [401, 403, 403, 403, 403, status, 404, status, 403, 401];
const riskTakers = (status: number) => [401, 403, 403, 403, status, status, 404, status, 403, 401];

const expected: Readonly<Record<OperationId, readonly number[]>> = {
  createSession: everybody(201),
  getSession: accounts(200),
  deleteSession: accounts(204),
  listSessions: accounts(200),
  endSession: users(204, 404),
  endOtherSessions: accounts(204),
  changePassword: users(204),
  listUsers: admins(200),
  createUser: admins(201),
  changeUser: admins(200),
  deleteUser: admins(204),
  endUserSessions: admins(204),
  listAllEvents: admins(200),
  listFindingChanges: accounts(200),
  listAccessTokens: users(200),
  createAccessToken: users(201),
  revokeAccessToken: users(204),
  listUserAccessTokens: admins(200),
  revokeUserAccessToken: admins(204),
  listRobots: auditors,
  createRobot: configurers(201),
  changeRobot: configurers(200),
  deleteRobot: configurers(204),
  createRobotSecret: configurers(201),
  revokeRobotSecret: configurers(204),
  listRegistryRobots: admins(200),
  createRegistryRobot: admins(201),
  changeRegistryRobot: admins(200),
  deleteRegistryRobot: admins(204),
  createRegistryRobotSecret: admins(201),
  revokeRegistryRobotSecret: admins(204),
  getSystem: accounts(200),
  getOpenApi: everybody(200),
  listNamespaces: accounts(200),
  createNamespace: admins(201),
  getNamespace: members,
  changeNamespace: configurers(200),
  deleteNamespace: admins(200),
  previewPolicy: members,
  listMembers: auditors,
  putMember: configurers(200),
  deleteMember: configurers(204),
  listEvents: auditors,
  listExemptions: members,
  createExemptions: riskTakers(201),
  deleteExemption: riskTakers(204),
  listImmutabilityRules: members,
  createImmutabilityRule: configurers(201),
  previewImmutabilityRule: members,
  changeImmutabilityRule: configurers(200),
  deleteImmutabilityRule: configurers(204),
  listRepositories: members,
  listTags: members,
  deleteRepository: [401, 403, 403, 200, 403, 200, 404, 200, 403, 401],
  deleteTag: [401, 403, 403, 204, 403, 204, 404, 204, 403, 401],
  listImages: members,
  getImage: members,
  deleteImage: [401, 403, 403, 200, 403, 200, 404, 200, 403, 401],
  listFindings: members,
  listImageChanges: members,
  listResolvedFindings: members,
  listPackages: members,
  listSecrets: members,
  listMalware: members,
  listMalwareEngines: accounts(200),
  getSbom: members,
  attachSbom: [401, 403, 201, 201, 403, 201, 404, 201, 201, 401],
  scanImage: scanners,
  cancelScan: scanners,
  scanImages: scanners,
  getVerdict: members,
  getVulnerability: accounts(200),
  compareImages: members,
  listComparedFindings: members,
  listComparedPackages: members,
  search: members,
  searchPackages: members,
  listVulnerabilities: members,
  listWebhooks: auditors,
  createWebhook: configurers(201),
  changeWebhook: configurers(200),
  deleteWebhook: configurers(204),
  testWebhook: configurers(200),
  listWebhookDeliveries: auditors,
  redeliverWebhook: configurers(202),
  listRegistryWebhooks: admins(200),
  createRegistryWebhook: admins(201),
  changeRegistryWebhook: admins(200),
  deleteRegistryWebhook: admins(204),
  testRegistryWebhook: admins(200),
  listRegistryWebhookDeliveries: admins(200),
  redeliverRegistryWebhook: admins(202),
  listFeeds: accounts(200),
  listFeedUpdates: accounts(200),
  syncAdvisories: admins(202),
  getAdvisory: accounts(200),
};

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(async () => {
  await server.close();
});

const table = Object.entries(operations) as [OperationId, Operation][]; // the keys of the object itself

test('every registered route is in the table', () => {
  const described = table.map(([, { method, path }]) => `${method} ${apiPrefix}${path}`);
  expect(server.routes.toSorted()).toEqual(described.toSorted());
  expect(Object.keys(expected).toSorted()).toEqual(table.map(([id]) => id).toSorted());
});

describe('access', () => {
  for (const [id, { method }] of table.filter(([one]) => one !== 'deleteSession')) {
    test(`${id} answers each role as the table says`, async () => {
      const statuses: number[] = [];
      for (const role of apiRoles) {
        const { path, body } = await apiCalls[id](server, `${id}-${role}`.toLowerCase());
        const answer = await server.call(role, method, path, body);
        statuses.push(answer.status);
        if (answer.status < 400) expectDescribed(operations[id], answer.body);
        else {
          expect(answer.body).toMatchObject({
            error: { code: expect.any(String), message: expect.any(String) },
          });
        }
      }
      expect(statuses).toEqual(expected[id]);
    });
  }

  test('a change is recorded exactly when it was made, and a denial as one', async () => {
    for (const [id, { method, changes }] of table) {
      if (method === 'GET' || changes === false || id === 'deleteSession') continue;
      for (const role of ['guest', 'systemAdmin'] as const) {
        const { path, body } = await apiCalls[id](server, `event-${id}-${role}`.toLowerCase());
        const before = await countEvents();
        const { status } = await server.call(role, method, path, body);
        expect([id, role, (await countEvents()) - before]).toEqual([id, role, status < 400 ? 1 : 0]);
        if (status >= 400) expect((await countDenials(method, operations[id].path)) > 0).toBe(true);
      }
    }
  });

  test('sub-resources of another namespace are not found through the own one', async () => {
    const { db } = server.database;
    const exemption = await makeExemption(db, server.otherId);
    const rule = await makeRule(db, server.otherId);
    const robot = await makeRobot(server, { name: 'foreign', namespace: 'other' });
    const { path: foreign, deliveryPath } = await makeWebhook(server, '/namespaces/other/webhooks');
    const webhook = foreign.replace('/other/', '/own/');
    const calls = [
      ['PATCH', webhook, { enabled: false }],
      ['DELETE', webhook, undefined],
      ['POST', `${webhook}/test`, undefined],
      ['GET', `${webhook}/deliveries`, undefined],
      ['POST', `${deliveryPath.replace('/other/', '/own/')}/redeliver`, undefined],
      ['PATCH', '/namespaces/own/robots/foreign', { disabled: true }],
      ['DELETE', '/namespaces/own/robots/foreign', undefined],
      ['POST', '/namespaces/own/robots/foreign/secrets', {}],
      ['DELETE', `/namespaces/own/robots/foreign/secrets/${robot.secretId}`, undefined],
      ['DELETE', `/namespaces/own/exemptions/${exemption}`, undefined],
      ['DELETE', `/namespaces/own/immutability-rules/${rule}`, undefined],
      ['PATCH', `/namespaces/own/immutability-rules/${rule}`, { enabled: false }],
    ] as const;
    // Every operation below a namespace that names a thing by itself has its line above.
    const named = table.flatMap(([, { method, path, access }]) => {
      const things = path.match(/:(?!namespace|user)\w+/g);
      return access.kind === 'namespace' && things !== null ? [`${method} ${path}`] : [];
    });
    const tried = calls.map(([method, path]) => `${method} ${generalOf(path)}`);
    expect(tried.toSorted()).toEqual(named.toSorted());
    for (const [method, path, body] of calls) {
      expect([path, (await server.call('namespaceAdmin', method, path, body)).status]).toEqual([path, 404]);
      expect([path, (await server.call('systemAdmin', method, path, body)).status]).toEqual([path, 404]);
    }
    expect((await findRobot(db, 'robot.other.foreign'))?.secrets).toHaveLength(1);
    expect(await db.selectFrom('exemption').selectAll().where('id', '=', exemption).execute()).toHaveLength(
      1,
    );
    expect(
      await db.selectFrom('immutability_rule').select('enabled').where('id', '=', rule).executeTakeFirst(),
    ).toEqual({ enabled: true });
  });

  test('foreign and unknown names get the same words', async () => {
    const foreign = await server.call('stranger', 'GET', '/namespaces/own');
    const unknown = await server.call('stranger', 'GET', '/namespaces/nix');
    expect(JSON.stringify(foreign.body)).toBe(JSON.stringify(unknown.body).replaceAll('nix', 'own'));
  });

  // Last: it ends the sessions that the other tests use.
  test('deleteSession answers each role as the table says', async () => {
    const statuses: number[] = [];
    for (const role of apiRoles) statuses.push((await server.call(role, 'DELETE', '/session')).status);
    expect(statuses).toEqual(expected.deleteSession);
    expect((await server.call('systemAdmin', 'GET', '/session')).status).toBe(401);
  });
});

/** `/namespaces/own/robots/foreign` as `/namespaces/:namespace/robots/:robot`. */
function generalOf(path: string): string {
  return path
    .replace('/own/', '/:namespace/')
    .replace('/foreign', '/:robot')
    .replace(/\/deliveries\/\d+/, '/deliveries/:delivery')
    .replace(/\/\d+/, '/:id');
}

/** What is answered is what the OpenAPI document says. */
function expectDescribed({ response }: Operation, body: unknown): void {
  if (response === undefined) expect(body).toBeUndefined();
  else expect(() => compileValidator(response, 'body')(body)).not.toThrow();
}

/** Of changes alone. */
async function countEvents(): Promise<number> {
  const { count } = await server.database.db
    .selectFrom('event')
    .where('kind', '<>', 'access.denied')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

async function countDenials(method: string, path: string): Promise<number> {
  const rows = await server.database.db
    .selectFrom('event')
    .select('id')
    .where('kind', '=', 'access.denied')
    .where('subject', '=', `${method} ${apiPrefix}${path}`)
    .execute();
  return rows.length;
}
