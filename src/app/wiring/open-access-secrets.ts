import { AccessSecrets, createSecretHashKey } from '../../accounts/access-secrets.ts';
import { ensureSealedSecret } from '../../accounts/sealed-secrets.ts';
import type { Installation } from '../installation.ts';

/** The key of their hashes lies sealed in the database, so that every replica and command knows the same secrets. */
export async function openAccessSecrets({ connection, secretKey }: Installation): Promise<AccessSecrets> {
  const key = await ensureSealedSecret(connection.db, {
    name: 'access-secret-hash-key',
    key: secretKey,
    create: createSecretHashKey,
  });
  return new AccessSecrets({ key });
}
