import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

export interface SearchState {
  /** The parameter's value; undefined when it is absent or empty. */
  get(name: string): string | undefined;
  /** Changes parameters (undefined removes); goes back to the first page unless `keepPage`. */
  set(
    changes: Readonly<Record<string, string | undefined>>,
    options?: { keepPage?: boolean; replace?: boolean },
  ): void;
  /** The address's query with these changes, for links. */
  link(changes: Readonly<Record<string, string | undefined>>): string;
}

function changed(
  params: URLSearchParams,
  changes: Readonly<Record<string, string | undefined>>,
  keepPage: boolean,
): URLSearchParams {
  const next = new URLSearchParams(params);
  if (!keepPage) {
    next.delete('cursor');
    next.delete('page');
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** Filters, sort, page and open drawer live in the address, so that Back and a copied link work. */
export function useSearchState(): SearchState {
  const [params, setParams] = useSearchParams();
  const set = useCallback<SearchState['set']>(
    (changes, options = {}) => {
      setParams((current) => changed(current, changes, options.keepPage ?? false), {
        replace: options.replace ?? false,
      });
    },
    [setParams],
  );
  return {
    get: (name) => params.get(name) || undefined,
    set,
    link: (changes) => `?${changed(params, changes, true).toString()}`,
  };
}

/** `value` when it is one of `allowed`: an address may hold anything. */
export function oneOf<Value extends string>(
  value: string | undefined,
  allowed: readonly Value[],
): Value | undefined {
  return allowed.find((candidate) => candidate === value);
}
