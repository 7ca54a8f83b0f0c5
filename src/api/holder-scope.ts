import type { Database } from '../database/database.ts';
import type { HolderScope } from '../lists/image-sample.ts';
import type { SeverityOrder } from '../report/severity-order.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import type { Caller } from './caller.ts';
import { namespacesWith } from './visible-images.ts';

/** Whose images a search is over: those of the namespace, or of all that the caller may read. Throws 404 for one they may not see. */
export async function holderScope(
  db: Database,
  asked: { readonly caller: Caller; readonly namespace: string | undefined },
): Promise<HolderScope> {
  const namespaceIds = await namespacesWith(db, { ...asked, right: 'read' });
  return namespaceIds === undefined ? {} : { namespaceIds };
}

/** The order of severity sources of a scope that is one namespace; undefined: the default order. */
export async function severityOrderOf(
  { verdicts }: Pick<ApiDependencies, 'verdicts'>,
  { namespaceIds }: HolderScope,
): Promise<SeverityOrder | undefined> {
  const [only, ...others] = namespaceIds ?? [];
  if (only === undefined || others.length > 0) return undefined;
  return (await verdicts.policyOf(only)).severityOrder;
}
