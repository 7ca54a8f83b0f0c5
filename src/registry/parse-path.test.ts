import { describe, expect, it } from 'vitest';
import { parseFullName, parseRegistryPath } from './parse-path.ts';

const hex = 'a'.repeat(64);
const name = { namespace: 'ns', repository: 'app', full: 'ns/app' };

describe('parseRegistryPath()', () => {
  it.each([
    ['/v2', { kind: 'ping' }],
    ['/v2/', { kind: 'ping' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    ['/v2/%5Fcatalog', { kind: 'catalog' }],
    ['/v2/ns/app/tags/list', { kind: 'tags', name }],
    ['/v2/ns/app/manifests/v1', { kind: 'manifest', name, reference: { kind: 'tag', tag: 'v1' } }],
    [
      `/v2/ns/app/manifests/sha256%3A${hex}`,
      { kind: 'manifest', name, reference: { kind: 'digest', digest: `sha256:${hex}` } },
    ],
    [`/v2/ns/app/blobs/sha512:${hex}${hex}`, { kind: 'blob', name, digest: `sha512:${hex}${hex}` }],
    ['/v2/ns/app/blobs/uploads', { kind: 'uploads', name }],
    ['/v2/ns/app/blobs/uploads/', { kind: 'uploads', name }],
    ['/v2/ns/app/blobs/uploads/x', { kind: 'upload', name, uploadId: 'x' }],
    [`/v2/ns/app/referrers/sha256:${hex}`, { kind: 'referrers', name, digest: `sha256:${hex}` }],
  ])('reads %s', (path, expected) => {
    expect(parseRegistryPath(path)).toEqual(expected);
  });

  it('takes words of the API as parts of names', () => {
    expect(parseRegistryPath('/v2/ns/blobs/manifests/tags/list')).toMatchObject({
      name: { repository: 'blobs/manifests' },
    });
    expect(parseRegistryPath('/v2/ns/tags/manifests/list')).toMatchObject({
      kind: 'manifest',
      name: { repository: 'tags' },
    });
  });

  it('says that a name of one component lacks its namespace', () => {
    expect(parseRegistryPath('/v2/busybox/manifests/latest')).toMatchObject({
      code: 'NAME_INVALID',
      message: expect.stringContaining('must be <namespace>/<repository>, got one component'),
    });
  });

  // The conformance suite of v1.1 (`01_pull_test.go`, `02_push_test.go`) asks for ".INVALID_MANIFEST_NAME".
  it('takes a tag that cannot be for an unknown manifest in a read, and for an invalid one in a write', () => {
    const path = '/v2/ns/app/manifests/.INVALID_MANIFEST_NAME';
    expect(parseRegistryPath(path, { isRead: true })).toMatchObject({
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    });
    expect(parseRegistryPath(path)).toMatchObject({ status: 400, code: 'MANIFEST_INVALID' });
  });

  // threats.md C2: encoded slashes, dot segments, control characters, other spellings of UTF-8.
  it.each([
    '/v2/ns/../app/tags/list',
    '/v2/ns/%2e%2e/app/tags/list',
    '/v2/ns/%2E/app/tags/list',
    '/v2/ns%2fapp/x/tags/list',
    '/v2/ns%5capp/x/tags/list',
    '/v2/ns//app/tags/list',
    '/v2/ns/app%00/tags/list',
    '/v2/ns/app%0a/tags/list',
    '/v2/ns/app%/tags/list',
    '/v2/ns/%c0%ae%c0%ae/tags/list',
    '/v2/ns/app;x/tags/list',
    '/v2/NS/app/tags/list',
    '/v2/ns/app%20/tags/list',
    '/v2/ns/%252e%252e/tags/list',
    '/%762/ns/app/tags/list',
    `/v2/ns/${'a'.repeat(300)}/tags/list`,
  ])('refuses the name in %s', (path) => {
    expect(parseRegistryPath(path)).toMatchObject({ kind: 'refused', status: 400, code: 'NAME_INVALID' });
  });

  // threats.md C1.
  it.each([
    'sha256:',
    `sha256:${hex.slice(1)}`,
    `sha256:${hex}a`,
    `sha256:${hex.toUpperCase()}`,
    `SHA256:${hex}`,
    `sha384:${hex}${hex.slice(32)}`,
    `md5:${hex.slice(32)}`,
    'sha256:..%00',
    `sha256:${hex}%00`,
    `sha512:${hex}`,
    'sha256:baddigeststring',
    ':',
  ])('refuses the digest %s', (digest) => {
    for (const kind of ['manifests', 'blobs', 'referrers']) {
      expect(parseRegistryPath(`/v2/ns/app/${kind}/${digest}`)).toMatchObject({
        kind: 'refused',
        status: 400,
      });
    }
  });

  it.each(['.x', '-x', 'a'.repeat(129), 'a b', 'ä'])('refuses the tag %s', (tag) => {
    const path = `/v2/ns/app/manifests/${encodeURIComponent(tag)}`;
    expect(parseRegistryPath(path)).toMatchObject({ kind: 'refused', status: 400 });
  });

  it.each(['/v2/x', '/v2/ns/app/tags/other', '/v2/ns/app/unknown/x'])('does not know %s', (path) => {
    expect(parseRegistryPath(path)).toMatchObject({ kind: 'refused', status: 404 });
  });
});

describe('parseFullName()', () => {
  it('takes 255 characters and refuses 256', () => {
    expect(parseFullName(`ns/${'a'.repeat(252)}`)).toBeDefined();
    expect(parseFullName(`ns/${'a'.repeat(253)}`)).toBeUndefined();
  });
});
