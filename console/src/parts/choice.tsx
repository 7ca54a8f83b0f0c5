import { NativeSelect } from '@mantine/core';
import type { SearchState } from './use-search-state.ts';

/** A value that is its own label, or one with another. */
type ChoiceOption = string | { readonly value: string; readonly label: string };

/** A filter in the row above a table, kept in the address; the first option, `any`, takes it away. */
export function Choice({
  state,
  param,
  label,
  any,
  options,
}: {
  state: SearchState;
  /** The parameter of the address. */
  param: string;
  label: string;
  any: string;
  options: readonly ChoiceOption[];
}) {
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      data={[{ value: '', label: any }, ...options]}
      value={state.get(param) ?? ''}
      onChange={(event) => state.set({ [param]: event.currentTarget.value })}
    />
  );
}
