import { NativeSelect } from '@mantine/core';

export interface ChoiceOption {
  readonly value: string;
  readonly label: string;
}

/** A filter in the row above a table; the first option, `any`, takes the filter away. */
export function Choice({
  label,
  any,
  options,
  value,
  onChange,
}: {
  label: string;
  any: string;
  options: readonly ChoiceOption[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      data={[{ value: '', label: any }, ...options]}
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
    />
  );
}
