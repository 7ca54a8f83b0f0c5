import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { createHasher, digestOf } from './digest.ts';
import { readAll, TooManyBytesError } from './read-all.ts';
import { DigestMismatchError, verifyDigest } from './verify-digest.ts';

const bytes = Buffer.from('hello');

it('verifyDigest() passes bytes that hash to the digest', async () => {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const source = Readable.from([bytes.subarray(0, 2), bytes.subarray(2)]);
    expect(await readAll(verifyDigest(source, digestOf(bytes, algorithm)), 100)).toEqual(bytes);
  }
});

it('verifyDigest() fails at the end for other bytes', async () => {
  const source = Readable.from([Buffer.from('hellO')]);
  await expect(readAll(verifyDigest(source, digestOf(bytes)), 100)).rejects.toThrow(DigestMismatchError);
});

it('readAll() takes as many bytes as it may and refuses one more', async () => {
  expect(await readAll(Readable.from([bytes]), 5)).toEqual(bytes);
  await expect(readAll(Readable.from([bytes]), 4)).rejects.toThrow(TooManyBytesError);
});

it('digestOf() and createHasher() give the registered form', () => {
  const hasher = createHasher('sha256');
  hasher.update(bytes);
  expect(hasher.digest()).toBe(digestOf(bytes));
  expect(digestOf(bytes)).toBe('sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
});
