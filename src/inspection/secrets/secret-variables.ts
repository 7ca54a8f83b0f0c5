import type { SecretHit } from '../../report/secret.ts';
import { isDummy } from './is-dummy.ts';
import { maskSecret } from './mask-secret.ts';

/** What a value is found by whose name alone says what it is. */
export const secretVariable = {
  rule: 'secret-variable',
  title: 'Variable that is called a secret',
  type: 'password',
  severity: 'high',
} as const satisfies Partial<SecretHit>;

const secretName =
  /(?:^|[_.-])(?:PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|TOKEN|SECRET|SECRET[_.-]?KEY|API[_.-]?KEY|ACCESS[_.-]?KEY|PRIVATE[_.-]?KEY|AUTH[_.-]?KEY|CREDENTIALS?)$/i;
/** The working directory of a shell. */
const otherNames: ReadonlySet<string> = new Set(['PWD', 'OLDPWD', '_PWD']);
/** A switch, a reference to what is set elsewhere, or a place where the secret is put when the container runs. */
const noValue = /^(?:|true|false|yes|no|on|off|none|null|nil|undefined|\d{1,3}|\$.*|[./~].*|file:.*|@.*)$/i;

/** Whether a variable holds a secret by its name, as a literal value. */
export function isSecretVariable(name: string, value: string): boolean {
  return secretName.test(name) && !otherNames.has(name) && !noValue.test(value) && !isDummy(value);
}

/** The finding of such a variable. */
export function secretVariableHit(value: string): SecretHit {
  return { ...secretVariable, masked: maskSecret(value), line: 1 };
}
