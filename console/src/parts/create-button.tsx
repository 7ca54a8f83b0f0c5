import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { DialogProps } from './form-dialog.tsx';

/** The button that opens the form for something new, and the form. */
export function CreateButton({
  label,
  children,
}: {
  label: string;
  children: (dialog: DialogProps) => ReactNode;
}) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button leftSection={<IconPlus size={14} />} onClick={() => setOpened(true)}>
        {label}
      </Button>
      {children({ opened, onClose: () => setOpened(false) })}
    </>
  );
}
