import { Button, Group, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { CommandLine } from './command-line.tsx';

/** A secret that was just made, and below it what it is for. It is shown only here. */
export function SecretOnce({
  what,
  secret,
  onClose,
  children,
}: {
  /** As the start of a sentence: `The signing secret`. */
  what: string;
  secret: string;
  onClose: () => void;
  children?: ReactNode;
}) {
  return (
    <Stack gap="md">
      <div>{what}, shown this once:</div>
      <CommandLine command={secret} />
      {children}
      <Group justify="flex-end">
        <Button onClick={onClose}>I have kept it</Button>
      </Group>
    </Stack>
  );
}
