import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** Costs of scrypt (RFC 7914): memory is 128 × cost × blockSize bytes. Stored in the hash, so that they can be raised later. */
export interface ScryptCosts {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/** OWASP Password Storage Cheat Sheet: one of the settings it calls equal; 32 MiB and about a fifth of a second. */
export const defaultScryptCosts: ScryptCosts = { cost: 32_768, blockSize: 8, parallelization: 3 };

const keySizeBytes = 32;
const saltSizeBytes = 16;
const pattern = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/** Hashes a password as `scrypt$<cost>$<block size>$<parallelization>$<salt>$<key>`, in the thread pool. */
export async function hashPassword(password: string, costs = defaultScryptCosts): Promise<string> {
  const salt = randomBytes(saltSizeBytes);
  const key = await derive(password, salt, costs);
  const { cost, blockSize, parallelization } = costs;
  return [
    'scrypt',
    cost,
    blockSize,
    parallelization,
    salt.toString('base64url'),
    key.toString('base64url'),
  ].join('$');
}

/** True when the password is the hashed one. A hash that cannot be read is never matched. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [, cost, blockSize, parallelization, salt, key] = pattern.exec(hash) ?? [];
  if (salt === undefined || key === undefined) return false;
  const costs = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
  };
  const actual = await derive(password, Buffer.from(salt, 'base64url'), costs);
  return timingSafeEqual(actual, Buffer.from(key, 'base64url'));
}

function derive(password: string, salt: Buffer, costs: ScryptCosts): Promise<Buffer> {
  const options: ScryptOptions = { ...costs, maxmem: 256 * costs.cost * costs.blockSize };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, keySizeBytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
