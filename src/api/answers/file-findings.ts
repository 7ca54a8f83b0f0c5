import type { Exemption } from '../../policy/policy.ts';
import type { Exempted } from '../contract/file-finding.ts';

/** What lists of findings in files may be asked for; absent parts mean "every". */
interface FileFindingQuery {
  readonly severity?: string;
  readonly type?: string;
  readonly exempted?: boolean;
  /** Part of one of the texts, in upper or lower case. */
  readonly q?: string;
}

/** Whether the query asks for a finding that has these texts. */
export function isAskedFor(
  found: { readonly severity: string; readonly type: string; readonly exempted: Exempted },
  texts: readonly string[],
  query: FileFindingQuery,
): boolean {
  if (query.severity !== undefined && found.severity !== query.severity) return false;
  if (query.type !== undefined && found.type !== query.type) return false;
  if (query.exempted !== undefined && (found.exempted !== null) !== query.exempted) return false;
  const search = query.q?.toLowerCase();
  return search === undefined || texts.some((text) => text.toLowerCase().includes(search));
}

export function showExempted(exemption: Exemption | undefined): Exempted {
  if (exemption === undefined) return null;
  const { createdBy, reason, expiresAt } = exemption;
  return { by: createdBy, reason, expiresAt: expiresAt?.toISOString() ?? null };
}
