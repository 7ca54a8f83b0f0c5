import { Button, Group, Stack } from '@mantine/core';
import { CommandLine } from './command-line.tsx';

/** A secret that was just made, and how to sign in with it. It is shown only here. */
export function SecretOnce({
  login,
  secret,
  onClose,
}: {
  login: string;
  secret: string;
  onClose: () => void;
}) {
  return (
    <Stack gap="md">
      <div>The secret, shown this once:</div>
      <CommandLine command={secret} />
      <div>Sign in with it; paste the secret when asked for the password:</div>
      <CommandLine command={`docker login -u ${login} ${window.location.host}`} />
      <Group justify="flex-end">
        <Button onClick={onClose}>I have kept it</Button>
      </Group>
    </Stack>
  );
}
