import { recordEvent } from '../../accounts/events.ts';
import {
  createNamespace,
  deleteNamespace,
  findNamespace,
  listNamespaces,
  type Namespace,
  updateNamespace,
} from '../../catalog/namespaces.ts';
import { readUsages } from '../../catalog/quota.ts';
import type { Database, DatabaseConnection } from '../../database/database.ts';
import { notify } from '../../database/notifications.ts';
import { GraphileQueue } from '../../jobs/graphile-queue.ts';
import { parseNamespaceName } from '../../oci/names.ts';
import { asksForMore } from '../../policy/asks-for-more.ts';
import { mergePolicy, readStoredPolicy } from '../../policy/parse-policy.ts';
import type { Policy } from '../../policy/policy.ts';
import { readSeverityOrder, type SeverityOrder, storedSeverityOrder } from '../../report/severity-order.ts';
import { queueUnscanned } from '../../scan/queue-scan.ts';
import { queueSeverityOrder } from '../../scan/summaries/follow-severity-order.ts';
import { AdministrationError } from './administration-error.ts';
import { commandLineActor } from './command-line-actor.ts';

/** What `admin namespace create` and `set` may say. */
export interface NamespaceSettings {
  readonly isPublic?: boolean;
  readonly autoScan?: boolean;
  /** Parts of a policy as JSON; laid over the one that is stored. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Null: no limit. */
  readonly quotaBytes?: number | null;
  readonly severityOrder?: SeverityOrder;
}

export interface NamespaceRow extends Namespace {
  readonly readPolicy: Policy;
  readonly readOrder: SeverityOrder;
  readonly usedBytes: number;
}

const pageSize = 500;

/** All namespaces by name. */
export async function listAllNamespaces(db: Database): Promise<readonly NamespaceRow[]> {
  const all: NamespaceRow[] = [];
  for (;;) {
    const after = all.at(-1)?.name;
    const { items } = await listNamespaces(db, {
      visibleTo: 'all',
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    const usages = await readUsages(
      db,
      items.map(({ id }) => id),
    );
    const rowOf = (item: Namespace): NamespaceRow => {
      const usedBytes = usages.get(item.id)?.usedBytes ?? 0;
      return {
        ...item,
        usedBytes,
        readPolicy: readStoredPolicy(item.policy),
        readOrder: readSeverityOrder(item.severityOrder),
      };
    };
    all.push(...items.map(rowOf));
    if (items.length < pageSize) return all;
  }
}

/** Throws `AdministrationError` when the name is malformed or taken, or the policy is not one. */
export async function addNamespace(
  connection: DatabaseConnection,
  name: string,
  settings: NamespaceSettings,
): Promise<void> {
  const parsed = parseNamespaceName(name);
  if (parsed === undefined) {
    throw new AdministrationError(
      `Cannot create namespace "${name}": a name must be at most 64 of a–z and 0–9, with single ".", "_" or "-" between`,
    );
  }
  await connection.db.transaction().execute(async (transaction) => {
    const { policy, quotaBytes, severityOrder: asked, ...flags } = settings;
    const severityOrder = storedSeverityOrder(asked ?? null);
    const order = severityOrder === null ? {} : { severityOrder };
    const merged = policy === undefined ? {} : { policy: mergedPolicy({}, policy) };
    const quota = quotaBytes === undefined || quotaBytes === null ? {} : { quotaBytes };
    const created = await createNamespace(transaction, {
      name: parsed,
      ...flags,
      ...quota,
      ...order,
      ...merged,
    });
    if (created.kind === 'exists') {
      throw new AdministrationError(`Cannot create namespace "${name}": the name is taken`);
    }
    await recordEvent(transaction, {
      kind: 'namespace.created',
      namespaceId: created.namespace.id,
      actor: commandLineActor,
      subject: name,
      details: settings,
    });
  });
}

/** Changes what is given; servers heed it at once. Throws `AdministrationError`. */
export async function changeNamespace(
  connection: DatabaseConnection,
  name: string,
  settings: NamespaceSettings,
): Promise<void> {
  await connection.db.transaction().execute(async (transaction) => {
    // Locked, so that two partial changes of the policy do not undo each other.
    await transaction.selectFrom('namespace').select('id').where('name', '=', name).forUpdate().execute();
    const before = await find(transaction, name, 'change');
    const { policy, severityOrder, ...flags } = settings;
    const merged = policy === undefined ? undefined : mergedPolicy(before.policy, policy);
    await updateNamespace(transaction, before.id, {
      ...flags,
      ...(merged === undefined ? {} : { policy: merged }),
      ...(severityOrder === undefined ? {} : { severityOrder: storedSeverityOrder(severityOrder) }),
    });
    await recordEvent(transaction, {
      kind: merged === undefined ? 'namespace.changed' : 'policy.changed',
      namespaceId: before.id,
      actor: commandLineActor,
      subject: name,
      details: {
        change: settings,
        ...(merged === undefined ? {} : { before: before.policy, after: merged }),
      },
    });
    await notify(transaction, 'pratique_policy', String(before.id));
    if (severityOrder !== undefined)
      await queueSeverityOrder(transaction, new GraphileQueue({ connection }), before.id);
    if (merged !== undefined && asksForMore(readStoredPolicy(before.policy), merged)) {
      const secrets = merged.secrets !== 'off';
      await queueUnscanned(transaction, new GraphileQueue({ connection }), before.id, { secrets });
    }
  });
}

/**
 * Returns how many bytes of the blob store the deletion frees: the collector does so in its next passes.
 * Throws `AdministrationError` when there is none, or it holds images and `force` is not given.
 */
export async function removeNamespace(
  db: Database,
  name: string,
  options: { readonly force: boolean },
): Promise<number> {
  const { id } = await find(db, name, 'delete');
  const onDeleted = async (transaction: Database, freedBytes: number) => {
    const details = { freedBytes };
    const event = { kind: 'namespace.deleted', actor: commandLineActor, subject: name, details };
    await recordEvent(transaction, event);
    await notify(transaction, 'pratique_policy', String(id));
  };
  const result = await deleteNamespace(db, id, { ...options, onDeleted });
  if (result.kind === 'not-empty') {
    throw new AdministrationError(
      `Cannot delete namespace "${name}": it must be empty, got ${result.imageCount} images; add --force to delete them too`,
    );
  }
  return result.kind === 'deleted' ? result.freedBytes : 0;
}

async function find(db: Database, name: string, action: string): Promise<Namespace> {
  const parsed = parseNamespaceName(name);
  const found = parsed === undefined ? undefined : await findNamespace(db, parsed);
  if (found === undefined) {
    throw new AdministrationError(`Cannot ${action} namespace "${name}": there is none of that name`);
  }
  return found;
}

function mergedPolicy(stored: unknown, change: Readonly<Record<string, unknown>>): Policy {
  const merged = mergePolicy(stored, change);
  if (merged.kind === 'ok') return merged.policy;
  throw new AdministrationError(`Cannot change the policy: ${merged.problems.join('; ')}`);
}
