import { type Digest, parseDigest } from '../oci/digest.ts';
import {
  type NamespaceName,
  parseNamespaceName,
  parseRepositoryName,
  parseTag,
  type RepositoryName,
  type Tag,
} from '../oci/names.ts';

export interface ImageName {
  readonly namespace: NamespaceName;
  readonly repository: RepositoryName;
  readonly reference:
    | { readonly kind: 'tag'; readonly tag: Tag }
    | { readonly kind: 'digest'; readonly digest: Digest };
}

/**
 * Reads `namespace/repository:tag`, `…@sha256:…` or both, of which the digest counts; without either, the tag is
 * `latest`. A registry in front (`host:5000/`, `host.example/`) is dropped: the question is put to this one.
 */
export function parseImageName(text: string): ImageName | undefined {
  const [path = '', digestText] = splitOnce(text, text.indexOf('@'));
  const segments = path.split('/');
  const [first = ''] = segments;
  const isHost = segments.length > 2 && (/[.:]/.test(first) || first === 'localhost');
  const name = (isHost ? segments.slice(1) : segments).join('/');
  const colon = name.lastIndexOf(':');
  const [full = '', tagText] = splitOnce(name, colon > name.lastIndexOf('/') ? colon : -1);
  const [namespaceText = '', repositoryText = ''] = splitOnce(full, full.indexOf('/'));
  const namespace = parseNamespaceName(namespaceText);
  const repository = parseRepositoryName(repositoryText);
  const tag = parseTag(tagText ?? 'latest');
  const digest = digestText === undefined ? undefined : parseDigest(digestText);
  if (namespace === undefined || repository === undefined || tag === undefined) return undefined;
  if (digestText === undefined) return { namespace, repository, reference: { kind: 'tag', tag } };
  if (digest === undefined) return undefined;
  return { namespace, repository, reference: { kind: 'digest', digest } };
}

function splitOnce(text: string, index: number): readonly [string] | readonly [string, string] {
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
