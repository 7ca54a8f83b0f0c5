import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Database } from '../database/database.ts';

export class SealedSecretError extends Error {
  readonly code = 'sealed_secret_unreadable';
  constructor(name: string, options?: ErrorOptions) {
    super(
      `Cannot open the sealed secret "${name}": it must have been sealed with this installation's key file, got another key or damaged bytes`,
      options,
    );
    this.name = 'SealedSecretError';
  }
}

const nonceSizeBytes = 12;
const tagSizeBytes = 16;

// A sealed secret is: 1 byte version (1) | 12 bytes nonce | 16 bytes tag | AES-256-GCM ciphertext; the name is
// authenticated with it, so that one row's bytes do not open under another name.
const version = 1;

/** Reads the secret of that name, or makes it once with `create` and stores it sealed. `key` has 32 bytes. */
export async function ensureSealedSecret(
  db: Database,
  wanted: { readonly name: string; readonly key: Buffer; readonly create: () => Buffer },
): Promise<Buffer> {
  const { name, key } = wanted;
  const stored = await readSealedSecret(db, { name, key });
  if (stored !== undefined) return stored;
  await db
    .insertInto('sealed_secret')
    .values({ name, sealed: seal(wanted.create(), { name, key }) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const secret = await readSealedSecret(db, { name, key });
  if (secret === undefined) throw new SealedSecretError(name);
  return secret;
}

/** Undefined when there is none. Throws `SealedSecretError` when the key is not the one it was sealed with. */
export async function readSealedSecret(
  db: Database,
  wanted: { readonly name: string; readonly key: Buffer },
): Promise<Buffer | undefined> {
  const row = await db
    .selectFrom('sealed_secret')
    .select('sealed')
    .where('name', '=', wanted.name)
    .executeTakeFirst();
  return row === undefined ? undefined : unseal(row.sealed, wanted);
}

export function seal(secret: Buffer, options: { readonly name: string; readonly key: Buffer }): Buffer {
  const nonce = randomBytes(nonceSizeBytes);
  const cipher = createCipheriv('aes-256-gcm', options.key, nonce).setAAD(Buffer.from(options.name));
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), ciphertext]);
}

/** Throws `SealedSecretError` when the bytes, the name or the key do not fit. */
export function unseal(sealed: Buffer, options: { readonly name: string; readonly key: Buffer }): Buffer {
  const nonce = sealed.subarray(1, 1 + nonceSizeBytes);
  const tag = sealed.subarray(1 + nonceSizeBytes, 1 + nonceSizeBytes + tagSizeBytes);
  if (sealed[0] !== version || tag.length !== tagSizeBytes) throw new SealedSecretError(options.name);
  try {
    const decipher = createDecipheriv('aes-256-gcm', options.key, nonce, { authTagLength: tagSizeBytes })
      .setAAD(Buffer.from(options.name))
      .setAuthTag(tag);
    const ciphertext = sealed.subarray(1 + nonceSizeBytes + tagSizeBytes);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch (error) {
    throw new SealedSecretError(options.name, { cause: error });
  }
}
