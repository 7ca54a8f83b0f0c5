import { readGrants } from '../../accounts/namespace-grant.ts';
import {
  createNamespace,
  deleteNamespace,
  listNamespaces,
  type Namespace,
  readNamespace,
  updateNamespace,
} from '../../catalog/namespaces.ts';
import { readUsages } from '../../catalog/quota.ts';
import type { Database } from '../../database/database.ts';
import { notify } from '../../database/notifications.ts';
import { readGateBounds } from '../../gate/gate-bounds.ts';
import { parseNamespaceName } from '../../oci/names.ts';
import { asksForMore } from '../../policy/asks-for-more.ts';
import { mergePolicy, readStoredPolicy } from '../../policy/parse-policy.ts';
import type { Policy } from '../../policy/policy.ts';
import { readSeverityOrder, storedSeverityOrder } from '../../report/severity-order.ts';
import { queueUnscanned } from '../../scan/queue-scan.ts';
import { queueSeverityOrder } from '../../scan/summaries/follow-severity-order.ts';
import type { NamespaceVerdictCounts } from '../answers/namespace-verdict-counts.ts';
import { previewPolicy } from '../answers/preview-policy.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { Call, HandlersOf } from '../call.ts';
import { type Caller, visibleTo } from '../caller.ts';
import type { Namespace as NamespaceShown } from '../contract/namespace.ts';
import type { Operations } from '../contract/operations/operations.ts';
import type { PolicyChange } from '../contract/policy.ts';
import { decodeCursor } from '../cursor.ts';
import { badRequest, conflict, forbidden, notFound } from '../errors.ts';
import { limitOf, pageFromRows } from '../page-of.ts';
import { recordChange } from '../record-change.ts';

type NamespaceOperation = 'listNamespaces' | 'createNamespace' | 'getNamespace' | 'changeNamespace';

interface NamespaceDependencies extends ApiDependencies {
  readonly verdictCounts: NamespaceVerdictCounts;
}

export function namespaceHandlers(
  dependencies: NamespaceDependencies,
): HandlersOf<NamespaceOperation | 'deleteNamespace' | 'previewPolicy'> {
  const { db } = dependencies;
  return {
    listNamespaces: async ({ query, caller, now }) => {
      const limit = limitOf(query);
      const after = decodeCursor(query.cursor, 'namespaces', ['string'])?.[0];
      const { items, total } = await listNamespaces(db, {
        visibleTo: visibleTo(caller),
        ...(query.q === undefined ? {} : { query: query.q.toLowerCase() }),
        ...(after === undefined ? {} : { after: String(after) }),
        limit: limit + 1,
      });
      const show = (item: NamespaceShown) => item;
      const rows = await showNamespaces(dependencies, { namespaces: items, caller, now });
      return pageFromRows({ list: 'namespaces', rows, limit, total, keyOf: ({ name }) => [name], show });
    },

    createNamespace: async (call) => {
      const { body, caller, request, now } = call;
      const name = parseNamespaceName(body.name);
      if (name === undefined) {
        throw badRequest(
          `Cannot create namespace "${body.name}": a name must be at most 64 of a–z and 0–9, with single ".", "_" or "-" between`,
        );
      }
      const namespace = await db.transaction().execute(async (transaction) => {
        const { autoScan, public: isPublic } = body;
        const severityOrder = storedSeverityOrder(body.severityOrder ?? null);
        // Null asks for none, whatever the setting says.
        const quotaBytes = body.quotaBytes === undefined ? dependencies.namespaceQuotaBytes : body.quotaBytes;
        const settings = {
          name,
          ...(quotaBytes === undefined || quotaBytes === null ? {} : { quotaBytes }),
          ...(autoScan === undefined ? {} : { autoScan }),
          ...(isPublic === undefined ? {} : { isPublic }),
          ...(severityOrder === null ? {} : { severityOrder }),
        };
        const created = await createNamespace(transaction, settings);
        if (created.kind === 'exists') throw conflict(`Cannot create namespace "${name}": the name is taken`);
        const change = { kind: 'namespace.created', subject: name, details: body };
        await recordChange(transaction, { caller, request, namespace: created.namespace }, change);
        return created.namespace;
      });
      return await showNamespace(dependencies, { namespace, caller, now });
    },

    getNamespace: async ({ namespace, caller, now }) =>
      await showNamespace(dependencies, { namespace: await readKnown(db, namespace), caller, now }),

    changeNamespace: async (call) => {
      const changed = await changeNamespace(dependencies, call);
      return await showNamespace(dependencies, { namespace: changed, caller: call.caller, now: call.now });
    },

    deleteNamespace: async ({ params, caller, request }) => {
      const name = parseNamespaceName(params.namespace);
      const found = name === undefined ? undefined : await findId(db, name);
      const record = async (transaction: Database, freedBytes: number) => {
        const change = { kind: 'namespace.deleted', subject: params.namespace, details: { freedBytes } };
        await recordChange(transaction, { caller, request, namespace: undefined }, change);
        await notify(transaction, 'pratique_policy', String(found));
      };
      const result =
        found === undefined
          ? { kind: 'not-found' as const }
          : await deleteNamespace(db, found, { onDeleted: record });
      if (result.kind === 'not-found') {
        throw notFound(`Cannot delete namespace "${params.namespace}": there is none of that name`);
      }
      if (result.kind === 'not-empty') {
        const { imageCount } = result;
        throw conflict(
          `Cannot delete namespace "${name}": it must be empty, and holds ${imageCount} images`,
          { imageCount },
        );
      }
      return { freedBytes: result.freedBytes };
    },

    previewPolicy: async ({ namespace, body, now }) => {
      const stored = await readKnown(db, namespace);
      const policy = mergedPolicy(stored.policy, body.policy);
      return await previewPolicy(dependencies, { namespaceId: namespace.id, policy, now });
    },
  };
}

/** Settings, policy, event and the scans that a switched-on policy needs: all or nothing. */
async function changeNamespace(
  dependencies: NamespaceDependencies,
  call: Call<Operations['changeNamespace']>,
): Promise<Namespace> {
  const { body, namespace } = call;
  if (body.quotaBytes !== undefined && !call.caller.principal.isAdmin) {
    throw forbidden(
      `Cannot change the quota of namespace "${namespace.name}": it needs a system administrator`,
    );
  }
  return await dependencies.db.transaction().execute(async (transaction) => {
    // Locked, so that two partial changes of the policy do not undo each other.
    await transaction
      .selectFrom('namespace')
      .select('id')
      .where('id', '=', namespace.id)
      .forUpdate()
      .execute();
    const before = await readKnown(transaction, namespace);
    const policy = body.policy === undefined ? undefined : mergedPolicy(before.policy, body.policy);
    const severityOrder =
      body.severityOrder === undefined ? undefined : storedSeverityOrder(body.severityOrder);
    const changed = await updateNamespace(transaction, namespace.id, {
      ...(body.autoScan === undefined ? {} : { autoScan: body.autoScan }),
      ...(body.public === undefined ? {} : { isPublic: body.public }),
      ...(body.quotaBytes === undefined ? {} : { quotaBytes: body.quotaBytes }),
      ...(policy === undefined ? {} : { policy }),
      ...(severityOrder === undefined ? {} : { severityOrder }),
    });
    if (changed === undefined) throw gone(namespace);
    const kind = policy === undefined ? 'namespace.changed' : 'policy.changed';
    const details = {
      change: body,
      ...(policy === undefined ? {} : { before: before.policy, after: policy }),
    };
    await recordChange(transaction, call, { kind, subject: namespace.name, details });
    await notify(transaction, 'pratique_policy', String(namespace.id));
    if (severityOrder !== undefined)
      await queueSeverityOrder(transaction, dependencies.enqueuer, namespace.id);
    if (policy !== undefined && asksForMore(readStoredPolicy(before.policy), policy)) {
      const secrets = policy.secrets !== 'off';
      await queueUnscanned(transaction, dependencies.enqueuer, namespace.id, { secrets });
    }
    return changed;
  });
}

function mergedPolicy(stored: unknown, change: PolicyChange): Policy {
  const merged = mergePolicy(stored, change);
  if (merged.kind === 'ok') return merged.policy;
  throw badRequest(`Cannot change the policy: ${merged.problems.join('; ')}`, { problems: merged.problems });
}

async function readKnown(
  db: Database,
  namespace: { readonly id: number; readonly name: string },
): Promise<Namespace> {
  const found = await readNamespace(db, namespace.id);
  if (found === undefined) throw gone(namespace);
  return found;
}

function gone({ name }: { readonly name: string }) {
  return notFound(`Cannot find namespace "${name}": it has just been deleted`);
}

async function findId(db: Database, name: string): Promise<number | undefined> {
  return (await db.selectFrom('namespace').select('id').where('name', '=', name).executeTakeFirst())?.id;
}

async function showNamespace(
  dependencies: NamespaceDependencies,
  options: { readonly namespace: Namespace; readonly caller: Caller; readonly now: Date },
): Promise<NamespaceShown> {
  const [shown] = await showNamespaces(dependencies, { ...options, namespaces: [options.namespace] });
  if (shown === undefined) throw gone(options.namespace);
  return shown;
}

async function showNamespaces(
  dependencies: NamespaceDependencies,
  options: { readonly namespaces: readonly Namespace[]; readonly caller: Caller; readonly now: Date },
): Promise<NamespaceShown[]> {
  const { db } = dependencies;
  const { namespaces, caller, now } = options;
  const { principal } = caller;
  const policies = new Map(namespaces.map(({ id, policy }) => [id, readStoredPolicy(policy)]));
  const ids = namespaces.map(({ id }) => id);
  const bounds = await readGateBounds(db, { namespaceIds: ids, now });
  const [counts, usages, grants] = await Promise.all([
    dependencies.verdictCounts.of(bounds, now),
    readUsages(db, ids),
    readGrants(db, { principal, namespaces: namespaces.map(({ name }) => name) }),
  ]);
  const roles = new Map(grants.map(({ namespaceId, role }) => [namespaceId, role]));
  return namespaces.map(({ id, name, isPublic, autoScan, policy, severityOrder, createdAt, quotaBytes }) => ({
    name,
    public: isPublic,
    autoScan,
    policy: policies.get(id) ?? readStoredPolicy(policy),
    severityOrder: [...readSeverityOrder(severityOrder)],
    role: principal.isAdmin ? 'admin' : (roles.get(id) ?? 'guest'),
    imageCount: counts.get(id)?.images ?? 0,
    blockedCount: counts.get(id)?.block ?? 0,
    ...(policies.get(id)?.mode === 'enforce' && counts.get(id)?.isEstimate === true
      ? { blockedCountIsEstimate: true }
      : {}),
    usedBytes: usages.get(id)?.usedBytes ?? 0,
    quotaBytes: quotaBytes ?? null,
    createdAt: createdAt.toISOString(),
  }));
}
