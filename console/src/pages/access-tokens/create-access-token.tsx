import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useCreateAccessToken } from '../../api/access-tokens.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { ExpiryChoice, expiryOf } from '../../parts/expiry-choice.tsx';
import { SecretOnce } from '../../parts/secret-once.tsx';
import { oneOf } from '../../parts/use-search-state.ts';

const scopes = ['full', 'read-only'] as const;
const scopeOptions = [
  { value: 'full', label: 'Full: all that you may do' },
  { value: 'read-only', label: 'Read-only: pull and read' },
];

const noValues = { name: '', scope: 'full' as (typeof scopes)[number], days: '90' };

/** The form for an access token; its secret is shown once. */
export function CreateAccessToken({
  accountName,
  opened,
  onClose,
}: {
  accountName: string;
  opened: boolean;
  onClose: () => void;
}) {
  const create = useCreateAccessToken();
  const [values, setValues] = useState(noValues);
  const set = (change: Partial<typeof noValues>) => setValues((current) => ({ ...current, ...change }));
  const close = () => {
    create.reset();
    setValues(noValues);
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name: values.name.trim(), scope: values.scope, ...expiryOf(values.days) });
  };
  return (
    <Modal opened={opened} onClose={close} title="Create access token" centered>
      {create.data !== undefined ? (
        <SecretOnce login={accountName} secret={create.data.secret} onClose={close} />
      ) : (
        <form onSubmit={submit}>
          <Stack gap="md">
            <TextInput
              label="Name"
              description="What will use it"
              placeholder="laptop"
              data-autofocus
              required
              withAsterisk={false}
              autoComplete="off"
              value={values.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <NativeSelect
              label="Scope"
              data={scopeOptions}
              value={values.scope}
              onChange={(event) => set({ scope: oneOf(event.currentTarget.value, scopes) ?? 'read-only' })}
            />
            <ExpiryChoice value={values.days} onChange={(days) => set({ days })} />
            {create.error !== null && <ErrorNote error={create.error} />}
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={create.isPending}>
                Create
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
