import { Switch } from '@mantine/core';
import { useCreateUser } from '../../api/users.ts';
import { type DialogProps, FormDialog } from '../../parts/form-dialog.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { NewPasswordField } from '../../parts/password-field.tsx';
import { SecretOnce } from '../../parts/secret-once.tsx';
import { useDialogValues } from '../../parts/use-form-values.ts';

const noValues = { name: '', password: '', isAdmin: false };

/** The form for an account; without a password the server makes one up and it is shown once. */
export function CreateUser({ opened, onClose }: DialogProps) {
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
          <SecretOnce what={`The password of ${made.name}`} secret={made.password} onClose={close} />
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
