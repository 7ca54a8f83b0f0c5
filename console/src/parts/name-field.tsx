import { TextInput } from '@mantine/core';

/** The name of what a form makes; it has the cursor when the form opens. */
export function NameField({
  value,
  onChange,
  ...shown
}: {
  value: string;
  onChange: (value: string) => void;
  description?: string;
  placeholder?: string;
}) {
  return (
    <TextInput
      label="Name"
      data-autofocus
      required
      withAsterisk={false}
      autoComplete="off"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...shown}
    />
  );
}
