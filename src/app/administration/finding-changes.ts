import type { Database } from '../../database/database.ts';
import { listScopeChanges } from '../../lists/scope-changes.ts';
import { readSeverityOrder } from '../../report/severity-order.ts';
import type { FindingChange, FindingChangeFilter } from '../../scan/matches/finding-history.ts';
import { AdministrationError } from './administration-error.ts';

export type { FindingChange };

/** Read at once. */
const stepMax = 1_000;

/**
 * What judging again made different, newest first; of a namespace, as far as its images hold the packages. Throws
 * `AdministrationError` for a namespace that does not exist.
 */
export async function findingChanges(
  db: Database,
  asked: Pick<FindingChangeFilter, 'change' | 'since' | 'limit'> & { readonly namespace?: string },
): Promise<readonly FindingChange[]> {
  const { namespace, limit, ...filter } = asked;
  const { scope, severityOrder } = namespace === undefined ? { scope: {} } : await scopeOf(db, namespace);
  const items: FindingChange[] = [];
  for (let before: number | undefined; items.length < limit; ) {
    const step = Math.min(limit - items.length, stepMax);
    const page = await listScopeChanges(db, scope, { ...filter, severityOrder, before, limit: step });
    items.push(...page.items);
    if (page.items.length < step) break;
    before = page.items.at(-1)?.key;
  }
  return items;
}

async function scopeOf(db: Database, name: string) {
  const row = await db
    .selectFrom('namespace')
    .select(['id', 'severity_order'])
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined)
    throw new AdministrationError(`Cannot find namespace "${name}": there is none of that name`);
  return { scope: { namespaceIds: [row.id] }, severityOrder: readSeverityOrder(row.severity_order) };
}
