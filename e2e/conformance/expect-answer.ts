import { expect } from 'vitest';
import type { Answer } from '../../src/testing/registry-client.ts';
import type { Repository } from './target.ts';

/** spec.md#error-codes */
export const specificationCodes = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
] as const;
export type SpecificationCode = (typeof specificationCodes)[number];

/** The status, and a body of the form that spec.md#error-codes asks for, with one error of this code. */
export function expectRefused(answer: Answer, status: number, code: SpecificationCode): void {
  expect({ status: answer.status, codes: answer.codes }).toEqual({ status, codes: [code] });
  expect(answer.headers.get('content-type')).toMatch(/^application\/json(;|$)/);
  const { errors, ...rest } = JSON.parse(answer.bytes.toString('utf8'));
  expect(rest).toEqual({});
  for (const error of errors) {
    expect(Object.keys(error).filter((key) => !['code', 'message', 'detail'].includes(key))).toEqual([]);
    expect(error.message).toMatch(/^[A-Z]/);
  }
}

/** A HEAD that finds nothing has the status of the GET and no body (RFC 9110 §9.3.2). */
export function expectHeadRefused(answer: Answer, status: number): void {
  expect({ status: answer.status, bytes: answer.bytes.length }).toEqual({ status, bytes: 0 });
}

interface Content {
  readonly bytes: Buffer;
  readonly digest: string;
  /** Absent for a blob, which has none of its own. */
  readonly mediaType?: string;
}

/** GET gives exactly these bytes and HEAD their headers (spec.md#pull, #checking-if-content-exists-in-the-registry). */
export async function expectContent(repository: Repository, path: string, content: Content): Promise<void> {
  const got = await repository.client.send(path);
  expect(got.status).toBe(200);
  expect(got.bytes.equals(content.bytes)).toBe(true);
  const head = await repository.client.send(path, { method: 'HEAD' });
  expect({ status: head.status, bytes: head.bytes.length }).toEqual({ status: 200, bytes: 0 });
  for (const { headers } of [got, head]) {
    expect(headers.get('docker-content-digest')).toBe(content.digest);
    expect(headers.get('content-length')).toBe(String(content.bytes.length));
    if (content.mediaType !== undefined) expect(headers.get('content-type')).toBe(content.mediaType);
  }
}

/** Neither GET nor HEAD finds it. */
export async function expectAbsent(
  repository: Repository,
  path: string,
  code: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN',
): Promise<void> {
  const got = await repository.client.send(path);
  if (got.codes[0] === 'NAME_UNKNOWN') expectRefused(got, 404, 'NAME_UNKNOWN');
  else expectRefused(got, 404, code);
  expectHeadRefused(await repository.client.send(path, { method: 'HEAD' }), 404);
}

/** Deletes, and finds it neither for a second deletion nor otherwise (spec.md#content-management). */
export async function expectDeletable(
  repository: Repository,
  path: string,
  code: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN',
): Promise<void> {
  expect((await repository.client.send(path, { method: 'DELETE' })).status).toBe(202);
  await expectAbsent(repository, path, code);
  expectRefused(await repository.client.send(path, { method: 'DELETE' }), 404, code);
}
