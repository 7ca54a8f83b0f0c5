import { parseSearch } from '../lists/parse-search.ts';
import type { Search } from '../lists/search-packages.ts';
import { badRequest } from './errors.ts';

/** What is searched for; throws a 400 with the reason. */
export function readSearch(text: string): Search {
  const parsed = parseSearch(text);
  if (parsed.kind === 'malformed') throw badRequest(`Cannot search for "${text}": ${parsed.reason}`);
  return parsed;
}
