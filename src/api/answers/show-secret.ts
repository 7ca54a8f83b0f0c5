import {
  type AccessSecret,
  type CreateSecretResult,
  secretsPerAccountMax,
} from '../../accounts/access-secrets.ts';
import type { RobotSecret } from '../contract/robot.ts';
import { badRequest, conflict } from '../errors.ts';

export function showSecret(secret: AccessSecret, now: Date): RobotSecret {
  return {
    id: secret.id,
    name: secret.name,
    createdAt: secret.createdAt.toISOString(),
    expiresAt: secret.expiresAt?.toISOString() ?? null,
    expired: secret.expiresAt !== undefined && secret.expiresAt <= now,
    lastUsedAt: secret.lastUsedAt?.toISOString() ?? null,
  };
}

/** Throws 400 when the instant is not in the future. */
export function expiryOf(body: { readonly expiresAt?: string }, now: Date): { readonly expiresAt?: Date } {
  if (body.expiresAt === undefined) return {};
  const expiresAt = new Date(body.expiresAt);
  if (expiresAt > now) return { expiresAt };
  throw badRequest(
    `Cannot let the secret expire at "${body.expiresAt}": it must be after now, ${now.toISOString()}`,
  );
}

/** Throws 409 when the account has too many secrets. */
export function createdSecret(
  result: CreateSecretResult,
  login: string,
): Extract<CreateSecretResult, { readonly kind: 'created' }> {
  if (result.kind === 'created') return result;
  throw conflict(
    `Cannot create a secret for "${login}": it may have ${secretsPerAccountMax}; revoke one first`,
  );
}
