import {
  createExemptions,
  deleteExemption,
  listExemptions,
  type StoredExemption,
} from '../../catalog/exemptions.ts';
import { notify } from '../../database/notifications.ts';
import { parseDigest } from '../../oci/digest.ts';
import { parsePattern } from '../../policy/pattern.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { Exemption, ExemptionCreate } from '../contract/exemption.ts';
import { badRequest, notFound } from '../errors.ts';
import { parseExemptionIds } from '../exemption-ids.ts';
import { pageOf } from '../page-of.ts';
import { recordChange } from '../record-change.ts';

/** One insert holds them all; PostgreSQL takes 65,535 parameters. */
const idsMax = 5000;

export function exemptionHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'listExemptions' | 'createExemptions' | 'deleteExemption'> {
  const { db } = dependencies;
  return {
    listExemptions: async ({ namespace, query, now }) => {
      const items = await listExemptions(db, namespace.id);
      const show = (item: StoredExemption) => showExemption(item, now);
      return pageOf({ list: 'exemptions', items, request: query, keyOf: ({ id }) => String(id), show });
    },

    createExemptions: async (call) => {
      const { namespace, body, caller, now } = call;
      const vulnerabilityIds = readIds(body.ids);
      const scope = readScope(body, now);
      refuseMixedScope(vulnerabilityIds, scope);
      const created = await db.transaction().execute(async (transaction) => {
        const createdBy = caller.principal.name;
        const wanted = { namespaceId: namespace.id, vulnerabilityIds, ...scope, createdBy };
        const items = await createExemptions(transaction, wanted);
        const details = { ids: vulnerabilityIds, ...scope };
        await recordChange(transaction, call, {
          kind: 'exemption.created',
          subject: namespace.name,
          details,
        });
        await notify(transaction, 'pratique_policy', String(namespace.id));
        return items;
      });
      return { items: created.map((item) => showExemption(item, now)) };
    },

    deleteExemption: async (call) => {
      const { namespace, params } = call;
      await db.transaction().execute(async (transaction) => {
        const deleted = await deleteExemption(transaction, { namespaceId: namespace.id, id: params.id });
        if (deleted === undefined) {
          throw notFound(`Cannot delete exemption ${params.id}: "${namespace.name}" has none of that id`);
        }
        const subject = deleted.vulnerabilityId;
        await recordChange(transaction, call, { kind: 'exemption.deleted', subject, details: deleted });
        await notify(transaction, 'pratique_policy', String(namespace.id));
      });
      return undefined;
    },
  };
}

function readIds(texts: readonly string[]): readonly string[] {
  const { ids, malformed } = parseExemptionIds(texts);
  if (malformed.length > 0) {
    const shown = malformed.slice(0, 20).map((id) => JSON.stringify(id));
    const others = malformed.length > shown.length ? ` and ${malformed.length - shown.length} more` : '';
    throw badRequest(
      `Cannot allow ${shown.join(', ')}${others}: an id must look like CVE-2024-12345, GHSA-xxxx-xxxx-xxxx, DSA-1234-1, …, or secret:<rule> or malware:<signature>`,
      { malformed },
    );
  }
  if (ids.length === 0) throw badRequest('Cannot allow nothing: ids must hold at least one id');
  if (ids.length > idsMax) throw badRequest(`Cannot allow ${ids.length} ids at once: at most ${idsMax}`);
  return ids;
}

function readScope(body: ExemptionCreate, now: Date) {
  const reason = body.reason.trim();
  if (reason === '')
    throw badRequest('Cannot allow ids without a reason: body key "reason" must not be blank');
  const expiresAt = body.expiresAt === undefined ? undefined : new Date(body.expiresAt);
  if (expiresAt !== undefined && !(expiresAt.getTime() > now.getTime())) {
    throw badRequest(
      `Cannot allow ids until "${body.expiresAt}": body key "expiresAt" must lie in the future`,
    );
  }
  if (body.digest !== undefined && parseDigest(body.digest) === undefined) {
    throw badRequest(`Cannot read digest "${body.digest}": it must be sha256: and 64 lower-case hex digits`);
  }
  if (body.repository !== undefined) {
    const pattern = parsePattern(body.repository);
    if (pattern.kind === 'invalid') {
      throw badRequest(`Cannot read repository pattern "${body.repository}": ${pattern.message}`);
    }
  }
  if (body.path !== undefined) {
    const pattern = parsePattern(body.path);
    if (pattern.kind === 'invalid') {
      throw badRequest(`Cannot read path pattern "${body.path}": ${pattern.message}`);
    }
  }
  return {
    reason,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(body.repository === undefined ? {} : { repositoryPattern: body.repository }),
    ...(body.digest === undefined ? {} : { digest: body.digest }),
    ...(body.package === undefined ? {} : { packageName: body.package }),
    ...(body.path === undefined ? {} : { pathPattern: body.path }),
  };
}

/** A package says nothing of a secret or malware, nor a path of a vulnerability: such an entry would never count. */
function refuseMixedScope(
  ids: readonly string[],
  scope: { readonly packageName?: string; readonly pathPattern?: string },
): void {
  const isOfFile = (id: string): boolean => id.startsWith('SECRET:') || id.startsWith('MALWARE:');
  const ofFile = ids.find(isOfFile);
  const vulnerability = ids.find((id) => !isOfFile(id));
  if (ofFile !== undefined && scope.packageName !== undefined)
    throw badRequest(
      `Cannot allow "${ofFile}" in one package: what is found in files is limited by body key "path"`,
    );
  if (vulnerability !== undefined && scope.pathPattern !== undefined)
    throw badRequest(
      `Cannot allow "${vulnerability}" at a path: only secrets and malware are limited by body key "path"`,
    );
}

function showExemption(stored: StoredExemption, now: Date): Exemption {
  const {
    id,
    vulnerabilityId,
    repositoryPattern,
    digest,
    packageName,
    pathPattern,
    reason,
    createdBy,
    createdAt,
    expiresAt,
  } = stored;
  return {
    id,
    vulnerabilityId,
    ...(repositoryPattern === undefined ? {} : { repository: repositoryPattern }),
    ...(digest === undefined ? {} : { digest }),
    ...(packageName === undefined ? {} : { package: packageName }),
    ...(pathPattern === undefined ? {} : { path: pathPattern }),
    reason,
    createdBy,
    createdAt: createdAt.toISOString(),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
    expired: expiresAt !== undefined && expiresAt.getTime() <= now.getTime(),
  };
}
