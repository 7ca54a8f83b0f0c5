import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { BundleInputError } from './bundle-error.ts';

/** `ed25519:` and the 32 bytes of the key, base64: one word that fits a setting, a chat and a label. */
const publicPattern = /^ed25519:([A-Za-z0-9+/]{43}=)$/;

export interface BundleKeyPair {
  /** PKCS #8, PEM. */
  readonly privatePem: string;
  readonly publicText: string;
}

export interface PublicKey {
  /** First 16 hex digits of the key's SHA-256. */
  readonly id: string;
  readonly key: KeyObject;
}

export function makeBundleKeys(): BundleKeyPair {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicText: publicTextOf(privateKey),
  };
}

/** Throws `BundleInputError` for what is not a private Ed25519 key in PEM; the message shows nothing of it. */
export function parsePrivateKey(pem: string): KeyObject {
  const key = keyOf(() => createPrivateKey(pem));
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new BundleInputError(
    `Cannot use the private key: it must be an Ed25519 key in PEM, as "pratique advisories keygen" makes it, got ${key?.asymmetricKeyType ?? 'something else'}`,
  );
}

/** Throws `BundleInputError` for anything but `ed25519:<base64>`. */
export function parsePublicKey(text: string): PublicKey {
  const base64 = publicPattern.exec(text)?.[1];
  const raw = Buffer.from(base64 ?? '', 'base64');
  const x = raw.toString('base64url');
  const key =
    base64 === undefined
      ? undefined
      : keyOf(() => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }));
  if (key === undefined) {
    throw new BundleInputError(
      `Cannot use the public key: it must be ed25519: and 44 characters of base64, as "pratique advisories keygen" prints it, got "${text.slice(0, 60)}"`,
    );
  }
  return { id: idOf(raw), key };
}

/** The public key that belongs to a private one. */
export function publicTextOf(privateKey: KeyObject): string {
  return `ed25519:${rawPublicOf(privateKey).toString('base64')}`;
}

export function publicIdOf(privateKey: KeyObject): string {
  return idOf(rawPublicOf(privateKey));
}

function rawPublicOf(privateKey: KeyObject): Buffer {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url');
}

function idOf(raw: Buffer): string {
  return hash('sha256', raw, 'hex').slice(0, 16);
}

function keyOf(make: () => KeyObject): KeyObject | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
