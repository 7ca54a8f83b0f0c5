import { Switch } from '@mantine/core';
import { useNavigate } from 'react-router';
import { useCreateNamespace } from '../../api/namespaces.ts';
import { type DialogProps, FormDialog } from '../../parts/form-dialog.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { useDialogValues } from '../../parts/use-form-values.ts';

const noValues = { name: '', autoScan: true, public: false };

/** The form for a new namespace; leads to its page when it is there. */
export function CreateNamespace({ opened, onClose }: DialogProps) {
  const create = useCreateNamespace();
  const navigate = useNavigate();
  const { values, set, close } = useDialogValues(noValues, { create, onClose });
  const { name, autoScan } = values;
  const submit = () =>
    create.mutate(values, {
      onSuccess: (namespace) => {
        close();
        void navigate(`/namespaces/${namespace.name}`);
      },
    });
  return (
    <FormDialog
      opened={opened}
      title="Create namespace"
      pending={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={close}
    >
      <NameField
        description={`Images are pushed to ${window.location.host}/${name === '' ? 'name' : name}/…`}
        value={name}
        onChange={(changed) => set({ name: changed })}
      />
      <Switch
        label="Scan images as they are pushed"
        checked={autoScan}
        onChange={(event) => set({ autoScan: event.currentTarget.checked })}
      />
      <Switch
        label="Everybody may pull, without signing in"
        checked={values.public}
        onChange={(event) => set({ public: event.currentTarget.checked })}
      />
    </FormDialog>
  );
}
