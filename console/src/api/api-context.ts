import { createContext, useContext } from 'react';
import type { Api } from './api.ts';

export const ApiContext = createContext<Api | undefined>(undefined);

/** The client of this console; throws outside `ApiContext`. */
export function useApi(): Api {
  const api = useContext(ApiContext);
  if (api === undefined) throw new Error('Cannot use the API: no ApiContext above this component');
  return api;
}
