import { NativeSelect, TextInput } from '@mantine/core';
import type { RobotGrant } from '../../api/answers.ts';
import { type RobotHome, useCreateRobot } from '../../api/robots.ts';
import { ExpiryChoice, expiryOf } from '../../parts/expiry-choice.tsx';
import { type DialogProps, FormDialog } from '../../parts/form-dialog.tsx';
import { LoginSecretOnce } from '../../parts/login-secret-once.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { useDialogValues } from '../../parts/use-form-values.ts';
import { oneOf } from '../../parts/use-search-state.ts';
import { GrantsField } from './grants-field.tsx';
import { everyNamespace, permissionOptions, permissions } from './robot-permissions.ts';

const noValues = {
  name: '',
  description: '',
  grants: [{ namespace: everyNamespace, permission: 'pull' }] as readonly RobotGrant[],
  days: '90',
};

/** The form for a robot of a namespace or the registry; its first secret is shown once. */
export function CreateRobot({ home, opened, onClose }: DialogProps & { home: RobotHome }) {
  const create = useCreateRobot(home);
  const { values, set, close } = useDialogValues(noValues, { create, onClose });
  const submit = () => {
    const { name, description, grants, days } = values;
    create.mutate({ name: name.trim(), description: description.trim(), grants, ...expiryOf(days) });
  };
  const made = create.data;
  return (
    <FormDialog
      opened={opened}
      title="Create robot"
      pending={create.isPending}
      error={create.error}
      done={
        made !== undefined && (
          <LoginSecretOnce login={made.robot.login} secret={made.secret.secret} onClose={close} />
        )
      }
      onSubmit={submit}
      onClose={close}
    >
      <NameField
        description={`It signs in as robot.${home === null ? '' : `${home}.`}${values.name.trim() || '…'}`}
        placeholder="ci"
        value={values.name}
        onChange={(name) => set({ name })}
      />
      <TextInput
        label="Description"
        autoComplete="off"
        value={values.description}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      {home === null ? (
        <GrantsField grants={values.grants} onChange={(grants) => set({ grants })} />
      ) : (
        <NativeSelect
          label="May"
          data={[...permissionOptions]}
          value={values.grants[0]?.permission ?? 'pull'}
          onChange={(event) => {
            const permission = oneOf(event.currentTarget.value, permissions) ?? 'pull';
            set({ grants: [{ namespace: home, permission }] });
          }}
        />
      )}
      <ExpiryChoice value={values.days} onChange={(days) => set({ days })} />
    </FormDialog>
  );
}
