import { type Digest, parseDigest } from '../oci/digest.ts';
import {
  fullNameLengthMax,
  type NamespaceName,
  parseNamespaceName,
  parseRepositoryName,
  parseTag,
  type RepositoryName,
  type Tag,
} from '../oci/names.ts';
import { type Refusal, refusals } from './errors.ts';

export interface FullName {
  readonly namespace: NamespaceName;
  readonly repository: RepositoryName;
  /** `<namespace>/<repository>`. */
  readonly full: string;
}

export type ManifestReference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest };

/** What a path below `/v2/` names. */
export type RegistryPath =
  | { readonly kind: 'ping' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: FullName }
  | { readonly kind: 'manifest'; readonly name: FullName; readonly reference: ManifestReference }
  | { readonly kind: 'blob'; readonly name: FullName; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly name: FullName }
  | { readonly kind: 'upload'; readonly name: FullName; readonly uploadId: string }
  | { readonly kind: 'referrers'; readonly name: FullName; readonly digest: Digest }
  | Refusal;

/**
 * Reads a path of the distribution API (distribution-spec v1.1 spec.md#endpoints), as the client sent it, without the
 * query. Each segment is decoded once; one that then holds a slash, a backslash, a dot segment or a control character
 * is refused, so that router, rights and storage see one and the same name (threats.md C2). A tag that cannot be is an
 * unknown manifest to who reads (404, as the conformance suite of v1.1 asks), and an invalid one to who writes.
 */
export function parseRegistryPath(
  path: string,
  { isRead }: { readonly isRead: boolean } = { isRead: false },
): RegistryPath {
  const segments = decodeSegments(path);
  if (segments === undefined) {
    return refusals.nameInvalid(
      'Cannot read the path: its segments must be plain names, got an encoded or dot segment',
    );
  }
  if (segments.length === 0) return { kind: 'ping' };
  if (segments.length === 1 && segments[0] === '_catalog') return { kind: 'catalog' };
  const last = segments.at(-1) ?? '';
  const second = segments.at(-2);
  const third = segments.at(-3);
  if (third === 'blobs' && second === 'uploads') {
    return withName(segments.slice(0, -3), (name) => ({ kind: 'upload', name, uploadId: last }));
  }
  if (second === 'blobs' && last === 'uploads') {
    return withName(segments.slice(0, -2), (name) => ({ kind: 'uploads', name }));
  }
  switch (second) {
    case 'tags':
      if (last !== 'list') return refusals.pathUnknown();
      return withName(segments.slice(0, -2), (name) => ({ kind: 'tags', name }));
    case 'manifests':
      return withName(segments.slice(0, -2), (name) => withReference(name, last, isRead));
    case 'blobs':
      return withName(segments.slice(0, -2), (name) =>
        withDigest(last, (digest) => ({ kind: 'blob', name, digest })),
      );
    case 'referrers':
      return withName(segments.slice(0, -2), (name) =>
        withDigest(last, (digest) => ({ kind: 'referrers', name, digest })),
      );
    default:
      return refusals.pathUnknown();
  }
}

/** Reads a full name `<namespace>/<repository>`; undefined when it is none. */
export function parseFullName(text: string): FullName | undefined {
  const slash = text.indexOf('/');
  if (slash < 0 || text.length > fullNameLengthMax) return undefined;
  const namespace = parseNamespaceName(text.slice(0, slash));
  const repository = parseRepositoryName(text.slice(slash + 1));
  return namespace === undefined || repository === undefined
    ? undefined
    : { namespace, repository, full: text };
}

/** Segments after `/v2/`, decoded; one empty segment at the end (a trailing slash) is dropped. */
function decodeSegments(path: string): readonly string[] | undefined {
  if (path === '/v2') return [];
  if (!path.startsWith('/v2/')) return undefined; // `/%762/`, which the router decodes
  const rest = path.slice('/v2/'.length);
  if (rest === '') return [];
  const raw = rest.split('/');
  if (raw.at(-1) === '') raw.pop();
  const decoded: string[] = [];
  for (const segment of raw) {
    const text = decodeOnce(segment);
    if (text === undefined || text === '' || text === '.' || text === '..') return undefined;
    if (/[/\\\x00-\x1f\x7f]/.test(text)) return undefined;
    decoded.push(text);
  }
  return decoded;
}

function decodeOnce(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // not UTF-8, or a stray percent sign
  }
}

function withName(components: readonly string[], make: (name: FullName) => RegistryPath): RegistryPath {
  const text = components.join('/');
  if (components.length === 1) {
    return refusals.nameInvalid(
      `Cannot use the name "${text}": it must be <namespace>/<repository>, got one component; put the namespace in front of it`,
    );
  }
  const name = parseFullName(text);
  if (name === undefined) {
    return refusals.nameInvalid(
      `Cannot use the name "${text.slice(0, 300)}": it must be lower-case components separated by slashes, at most ${fullNameLengthMax} characters, got another form`,
    );
  }
  return make(name);
}

function withReference(name: FullName, text: string, isRead: boolean): RegistryPath {
  if (text.includes(':')) {
    return withDigest(text, (digest) => ({ kind: 'manifest', name, reference: { kind: 'digest', digest } }));
  }
  const tag = parseTag(text);
  if (tag === undefined) {
    const message = `Cannot use the tag "${text.slice(0, 150)}": it must be 1 to 128 letters, digits, dots, dashes or underscores, got another form`;
    return isRead ? refusals.manifestUnknown(message) : refusals.manifestInvalid(message);
  }
  return { kind: 'manifest', name, reference: { kind: 'tag', tag } };
}

function withDigest(text: string, make: (digest: Digest) => RegistryPath): RegistryPath {
  const digest = parseDigest(text);
  return digest === undefined ? invalidDigest(text) : make(digest);
}

/** The refusal of a digest that is not in the registered form. */
export function invalidDigest(text: string): Refusal {
  return refusals.digestInvalid(
    `Cannot use the digest "${text.slice(0, 150)}": it must be sha256 or sha512 with lower-case hex, got another form`,
  );
}
