import { CommandLine } from './command-line.tsx';
import { SecretOnce } from './secret-once.tsx';

/** A secret that stands for a password, and how to sign in with it. */
export function LoginSecretOnce({ login, ...shown }: { login: string; secret: string; onClose: () => void }) {
  return (
    <SecretOnce what="The secret" {...shown}>
      <div>Sign in with it; paste the secret when asked for the password:</div>
      <CommandLine command={`docker login -u ${login} ${window.location.host}`} />
    </SecretOnce>
  );
}
