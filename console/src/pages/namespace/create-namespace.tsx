import { Button, Group, Modal, Stack, Switch, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useNavigate } from 'react-router';
import { useCreateNamespace } from '../../api/namespaces.ts';
import { ErrorNote } from '../../parts/error-note.tsx';

/** The form for a new namespace; leads to its page when it is there. */
export function CreateNamespace({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const create = useCreateNamespace();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [autoScan, setAutoScan] = useState(true);
  const [isPublic, setIsPublic] = useState(false);
  const close = () => {
    create.reset();
    setName('');
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(
      { name, autoScan, public: isPublic },
      {
        onSuccess: (namespace) => {
          close();
          void navigate(`/namespaces/${namespace.name}`);
        },
      },
    );
  };
  return (
    <Modal opened={opened} onClose={close} title="Create namespace" centered>
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label="Name"
            description={`Images are pushed to ${window.location.host}/${name === '' ? 'name' : name}/…`}
            data-autofocus
            required
            withAsterisk={false}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Switch
            label="Scan images as they are pushed"
            checked={autoScan}
            onChange={(event) => setAutoScan(event.currentTarget.checked)}
          />
          <Switch
            label="Everybody may pull, without signing in"
            checked={isPublic}
            onChange={(event) => setIsPublic(event.currentTarget.checked)}
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
    </Modal>
  );
}
