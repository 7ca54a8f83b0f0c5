import { NativeSelect } from '@mantine/core';
import { useCreateAccessToken } from '../../api/access-tokens.ts';
import { ExpiryChoice, expiryOf } from '../../parts/expiry-choice.tsx';
import { type DialogProps, FormDialog } from '../../parts/form-dialog.tsx';
import { LoginSecretOnce } from '../../parts/login-secret-once.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { useDialogValues } from '../../parts/use-form-values.ts';
import { oneOf } from '../../parts/use-search-state.ts';

const scopes = ['full', 'read-only'] as const;
const scopeOptions = [
  { value: 'full', label: 'Full: all that you may do' },
  { value: 'read-only', label: 'Read-only: pull and read' },
];

const noValues = { name: '', scope: 'full' as (typeof scopes)[number], days: '90' };

/** The form for an access token; its secret is shown once. */
export function CreateAccessToken({ accountName, opened, onClose }: DialogProps & { accountName: string }) {
  const create = useCreateAccessToken();
  const { values, set, close } = useDialogValues(noValues, { create, onClose });
  const made = create.data;
  return (
    <FormDialog
      opened={opened}
      title="Create access token"
      pending={create.isPending}
      error={create.error}
      done={
        made !== undefined && <LoginSecretOnce login={accountName} secret={made.secret} onClose={close} />
      }
      onSubmit={() =>
        create.mutate({ name: values.name.trim(), scope: values.scope, ...expiryOf(values.days) })
      }
      onClose={close}
    >
      <NameField
        description="What will use it"
        placeholder="laptop"
        value={values.name}
        onChange={(name) => set({ name })}
      />
      <NativeSelect
        label="Scope"
        data={scopeOptions}
        value={values.scope}
        onChange={(event) => set({ scope: oneOf(event.currentTarget.value, scopes) ?? 'read-only' })}
      />
      <ExpiryChoice value={values.days} onChange={(days) => set({ days })} />
    </FormDialog>
  );
}
