import { Button, Group, Stack, Switch } from '@mantine/core';
import { useCreateUser } from '../../api/users.ts';
import { CommandLine } from '../../parts/command-line.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { NewPasswordField } from '../../parts/password-field.tsx';
import { useDialogValues } from '../../parts/use-form-values.ts';

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
  const { values, set, close } = useDialogValues(noValues, { create, onClose });
  const submit = () => {
    const { name, password, isAdmin } = values;
    create.mutate(
      { name, isAdmin, ...(password !== '' && { password }) },
      { onSuccess: (user) => user.password === undefined && close() },
    );
  };
  const made = create.data;
  return (
    <FormDialog
      opened={opened}
      title="Create user"
      pending={create.isPending}
      error={create.error}
      done={
        made?.password !== undefined && (
          <MadePassword name={made.name} password={made.password} onClose={close} />
        )
      }
      onSubmit={submit}
      onClose={close}
    >
      <NameField value={values.name} onChange={(name) => set({ name })} />
      <NewPasswordField
        label="Password"
        description="At least 8 characters; leave it empty to have one made up"
        value={values.password}
        onChange={(password) => set({ password })}
      />
      <Switch
        label="System admin"
        checked={values.isAdmin}
        onChange={(event) => set({ isAdmin: event.currentTarget.checked })}
      />
    </FormDialog>
  );
}
