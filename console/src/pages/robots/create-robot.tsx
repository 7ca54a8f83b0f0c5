import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useCreateRobot } from '../../api/robots.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { ExpiryChoice, expiryOf } from '../../parts/expiry-choice.tsx';
import { SecretOnce } from '../../parts/secret-once.tsx';
import { oneOf } from '../../parts/use-search-state.ts';
import { permissionOptions, permissions } from './robot-permissions.ts';

const noValues = {
  name: '',
  description: '',
  permission: 'pull' as (typeof permissions)[number],
  days: '90',
};

/** The form for a robot; its first secret is shown once. */
export function CreateRobot({
  namespace,
  opened,
  onClose,
}: {
  namespace: string;
  opened: boolean;
  onClose: () => void;
}) {
  const create = useCreateRobot(namespace);
  const [values, setValues] = useState(noValues);
  const set = (change: Partial<typeof noValues>) => setValues((current) => ({ ...current, ...change }));
  const close = () => {
    create.reset();
    setValues(noValues);
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { name, description, permission, days } = values;
    create.mutate({ name: name.trim(), description: description.trim(), permission, ...expiryOf(days) });
  };
  return (
    <Modal opened={opened} onClose={close} title="Create robot" centered>
      {create.data !== undefined ? (
        <SecretOnce login={create.data.robot.login} secret={create.data.secret.secret} onClose={close} />
      ) : (
        <form onSubmit={submit}>
          <Stack gap="md">
            <TextInput
              label="Name"
              description={`It signs in as robot.${namespace}.${values.name.trim() || '…'}`}
              placeholder="ci"
              data-autofocus
              required
              withAsterisk={false}
              autoComplete="off"
              value={values.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <TextInput
              label="Description"
              autoComplete="off"
              value={values.description}
              onChange={(event) => set({ description: event.currentTarget.value })}
            />
            <NativeSelect
              label="May"
              data={[...permissionOptions]}
              value={values.permission}
              onChange={(event) =>
                set({ permission: oneOf(event.currentTarget.value, permissions) ?? 'pull' })
              }
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
