import { Choice } from './choice.tsx';
import { severityOrder } from './severity-order.ts';
import type { SearchState } from './use-search-state.ts';

/** Leaves only findings of one severity. */
export function SeverityChoice({ state }: { state: SearchState }) {
  return (
    <Choice state={state} param="severity" label="Severity" any="Any severity" options={severityOrder} />
  );
}
