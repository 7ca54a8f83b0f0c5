import { randomBytes } from 'node:crypto';

/** Of a robot, or a user's access token. */
export type SecretOwner = 'robot' | 'user';

const prefixes: Readonly<Record<SecretOwner, string>> = { robot: 'prtr_', user: 'prtu_' };
const pattern = /^prt[ru]_[A-Za-z0-9]{43}$/;
const randomSizeBytes = 32;

/** 256 random bits after a prefix that secret scanners can look for; letters and digits only, nothing to escape. */
export function makeSecretText(owner: SecretOwner): string {
  const length = 43;
  for (;;) {
    const text = randomBytes(randomSizeBytes * 2)
      .toString('base64')
      .replaceAll(/[^A-Za-z0-9]/g, '');
    if (text.length >= length) return `${prefixes[owner]}${text.slice(0, length)}`;
  }
}

/** True for what `makeSecretText()` could have made; a password may look like that too. */
export function isSecretText(text: string): boolean {
  return pattern.test(text);
}
