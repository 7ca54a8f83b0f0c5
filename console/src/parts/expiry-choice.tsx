import { NativeSelect } from '@mantine/core';

const dayMs = 24 * 60 * 60 * 1000;

const options = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
  { value: '', label: 'Never' },
];

/** Days from now as the API takes them; an empty text is never. */
export function expiryOf(days: string): { expiresAt?: string } {
  return days === '' ? {} : { expiresAt: new Date(Date.now() + Number(days) * dayMs).toISOString() };
}

/** How long a secret lives; what one begins with is `90`. */
export function ExpiryChoice({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <NativeSelect
      label="Expires in"
      data={options}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
