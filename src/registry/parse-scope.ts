import { isTokenAction, type TokenAction } from '../accounts/docker-tokens.ts';
import { type FullName, parseFullName } from './parse-path.ts';

/** What a client asks a token for. */
export interface RequestedScopes {
  readonly repositories: readonly { readonly name: FullName; readonly actions: ReadonlySet<TokenAction> }[];
  readonly catalog: boolean;
}

/** More are not looked at: each costs a lookup and room in the token. */
export const scopesMax = 100;

const everyAction: readonly TokenAction[] = ['pull', 'push', 'delete'];

/**
 * Reads `scope` parameters of the Docker token protocol (distribution "spec/auth/scope"): each may hold several scopes
 * `<type>:<name>:<action>,<action>` separated by spaces. What is not understood grants nothing and is no error.
 */
export function parseScopes(texts: readonly string[]): RequestedScopes {
  const repositories = new Map<string, { readonly name: FullName; readonly actions: Set<TokenAction> }>();
  let catalog = false;
  const scopes = texts.flatMap((text) => text.split(' ')).filter((text) => text !== '');
  for (const scope of scopes.slice(0, scopesMax)) {
    if (scope === 'registry:catalog:*') {
      catalog = true;
      continue;
    }
    // `repository(plugin):…` and other classes are not ours.
    const [type, text, actions, ...rest] = scope.split(':');
    if (type !== 'repository' || text === undefined || actions === undefined || rest.length > 0) continue;
    const name = parseFullName(text);
    if (name === undefined) continue;
    const entry = repositories.get(name.full) ?? { name, actions: new Set<TokenAction>() };
    repositories.set(name.full, entry);
    for (const action of actions.split(',')) {
      if (action === '*') for (const every of everyAction) entry.actions.add(every);
      else if (isTokenAction(action)) entry.actions.add(action);
    }
  }
  return { repositories: [...repositories.values()], catalog };
}
