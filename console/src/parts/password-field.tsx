import { PasswordInput } from '@mantine/core';

/** A password that is set, not asked for: it is never filled in by the browser. */
export function NewPasswordField({
  label,
  description = 'At least 8 characters, and not one that is easily guessed',
  required = false,
  value,
  onChange,
}: {
  label: string;
  description?: string;
  required?: boolean;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <PasswordInput
      label={label}
      description={description}
      required={required}
      withAsterisk={false}
      autoComplete="new-password"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
