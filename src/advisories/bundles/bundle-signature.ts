import { type KeyObject, sign, verify } from 'node:crypto';
import { type PublicKey, publicIdOf } from './bundle-keys.ts';

/** Annotation of the manifest, completed by the id of the key: signatures of several keys stand side by side. */
const annotationPrefix = 'vnd.pratique.signature.ed25519.';

/** A signature over a bundle's config says nothing about any other bytes. */
const purpose = Buffer.from('Pratique advisory bundle\0');

/** The annotation that signs a bundle: Ed25519 (RFC 8032) over its purpose and the bytes of its config. */
export function signatureAnnotation(config: Buffer, privateKey: KeyObject): readonly [string, string] {
  const signature = sign(null, Buffer.concat([purpose, config]), privateKey);
  return [`${annotationPrefix}${publicIdOf(privateKey)}`, signature.toString('base64')];
}

export type SignatureFinding =
  | { readonly kind: 'good'; readonly keyId: string }
  | { readonly kind: 'unsigned' }
  /** There are signatures, but none of a key that is trusted. */
  | { readonly kind: 'unknown'; readonly keyIds: readonly string[] }
  /** It says to be of a trusted key, and is not a signature of these bytes. */
  | { readonly kind: 'wrong'; readonly keyId: string };

/** What the signatures of a manifest's annotations say of a config. One good one is enough. */
export function findSignature(
  config: Buffer,
  annotations: Readonly<Record<string, string>>,
  trusted: readonly PublicKey[],
): SignatureFinding {
  const signed = Object.keys(annotations).filter((name) => name.startsWith(annotationPrefix));
  const claims = trusted.flatMap((one) => {
    const text = annotations[`${annotationPrefix}${one.id}`];
    return text === undefined ? [] : [{ ...one, signature: Buffer.from(text, 'base64') }];
  });
  const good = claims.find(({ key, signature }) =>
    verify(null, Buffer.concat([purpose, config]), key, signature),
  );
  if (good !== undefined) return { kind: 'good', keyId: good.id };
  const [wrong] = claims;
  if (wrong !== undefined) return { kind: 'wrong', keyId: wrong.id };
  if (signed.length === 0) return { kind: 'unsigned' };
  return { kind: 'unknown', keyIds: signed.map((name) => name.slice(annotationPrefix.length)) };
}
