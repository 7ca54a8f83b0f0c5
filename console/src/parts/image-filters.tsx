import { Choice } from './choice.tsx';
import { SearchBox } from './search-box.tsx';
import { severityOrder } from './severity-order.ts';
import type { SearchState } from './use-search-state.ts';

export const stateOptions = [
  { value: 'not-scanned', label: 'Not scanned' },
  { value: 'queued', label: 'Queued' },
  { value: 'scanning', label: 'Scanning' },
  { value: 'scanned', label: 'Scanned' },
  { value: 'undetermined', label: 'Could not tell' },
  { value: 'incomplete', label: 'Scanned, incomplete' },
  { value: 'cancelled', label: 'Cancelled' },
  { value: 'failed', label: 'Scan exception' },
  { value: 'unsupported', label: 'Nothing to scan' },
] as const;

export const severityOptions = [
  ...severityOrder.map((value) => ({ value, label: `Highest: ${value}` })),
  { value: 'none', label: 'Nothing found' },
] as const;

export const verdictOptions = [
  { value: 'block', label: 'Refused' },
  { value: 'hold', label: 'Held' },
  { value: 'warn', label: 'Warned' },
  { value: 'allow', label: 'Served' },
] as const;

export const malwareOptions = [
  { value: 'found', label: 'Malware found' },
  { value: 'none', label: 'No malware' },
  { value: 'unknown', label: 'Not told' },
] as const;

export const secretOptions = [
  { value: 'found', label: 'Secrets found' },
  { value: 'none', label: 'No secrets' },
  { value: 'unknown', label: 'Not told' },
] as const;

/** The filters above a table of images. */
export function ImageFilters({ state }: { state: SearchState }) {
  return (
    <>
      <SearchBox state={state} label="Search images" placeholder="Name, tag or digest" />
      <Choice state={state} param="verdict" label="Verdict" any="Any verdict" options={verdictOptions} />
      <Choice state={state} param="state" label="Scan state" any="Any scan state" options={stateOptions} />
      <Choice
        state={state}
        param="severity"
        label="Highest severity"
        any="Any severity"
        options={severityOptions}
      />
      <Choice state={state} param="malware" label="Malware" any="Malware or not" options={malwareOptions} />
      <Choice state={state} param="secrets" label="Secrets" any="Secrets or not" options={secretOptions} />
    </>
  );
}
