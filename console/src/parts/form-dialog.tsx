import { Button, Group, Modal, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { ErrorNote } from './error-note.tsx';

/** What a form over the page needs from where it is opened. */
export interface DialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
}

/** A form over the page; `done`, when it is there, stands in its place: what was made and is shown this once. */
export function FormDialog({
  opened,
  title,
  submitLabel = 'Create',
  pending,
  error,
  done,
  onSubmit,
  onClose,
  children,
}: {
  opened: boolean;
  title: string;
  submitLabel?: string;
  pending: boolean;
  error: Error | null;
  done?: ReactNode | false;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered>
      {done !== undefined && done !== false ? (
        done
      ) : (
        <form onSubmit={submit}>
          <Stack gap="md">
            {children}
            {error !== null && <ErrorNote error={error} />}
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={pending}>
                {submitLabel}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
