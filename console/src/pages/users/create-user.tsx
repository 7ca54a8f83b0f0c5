import { Button, Group, Modal, PasswordInput, Stack, Switch, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useCreateUser } from '../../api/users.ts';
import { CommandLine } from '../../parts/command-line.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';

const noValues = { name: '', password: '', isAdmin: false };

function MadePassword({ name, password, onClose }: { name: string; password: string; onClose: () => void }) {
  return (
    <Stack gap="md">
      <div>The password of {name}, shown this once:</div>
      <CommandLine command={password} />
      <Group justify="flex-end">
        <Button onClick={onClose}>I have kept it</Button>
      </Group>
    </Stack>
  );
}

/** The form for an account; without a password the server makes one up and it is shown once. */
export function CreateUser({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const create = useCreateUser();
  const [values, setValues] = useState(noValues);
  const set = (change: Partial<typeof noValues>) => setValues((current) => ({ ...current, ...change }));
  const close = () => {
    create.reset();
    setValues(noValues);
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { name, password, isAdmin } = values;
    create.mutate(
      { name, isAdmin, ...(password !== '' && { password }) },
      { onSuccess: (user) => user.password === undefined && close() },
    );
  };
  const made = create.data?.password;
  return (
    <Modal opened={opened} onClose={close} title="Create user" centered>
      {made !== undefined && create.data !== undefined ? (
        <MadePassword name={create.data.name} password={made} onClose={close} />
      ) : (
        <form onSubmit={submit}>
          <Stack gap="md">
            <TextInput
              label="Name"
              data-autofocus
              required
              withAsterisk={false}
              autoComplete="off"
              value={values.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <PasswordInput
              label="Password"
              description="At least 8 characters; leave it empty to have one made up"
              autoComplete="new-password"
              value={values.password}
              onChange={(event) => set({ password: event.currentTarget.value })}
            />
            <Switch
              label="System admin"
              checked={values.isAdmin}
              onChange={(event) => set({ isAdmin: event.currentTarget.checked })}
            />
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
