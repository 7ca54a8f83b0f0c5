import type { Principal } from '../accounts/rights.ts';

/** A signed-in account with the way it came in. */
export interface Caller {
  readonly principal: Extract<Principal, { kind: 'account' }>;
  /** By cookie or a session's bearer token; absent for Basic and access secrets. */
  readonly session?: { readonly id: number; readonly token: string; readonly csrfToken: string };
}

/** Which namespaces the caller's lists show: the argument of the catalog's filters. */
export function visibleTo(caller: Caller): 'all' | { readonly accountId: number } {
  return caller.principal.isAdmin ? 'all' : { accountId: caller.principal.accountId };
}
