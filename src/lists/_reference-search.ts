import { type RawBuilder, sql } from 'kysely';

/** What a text such as `team/app:v3`, `team/app@sha256:…` or `registry.example:5000/team/app:v3` names. */
export interface SearchedReference {
  /** The end of `namespace/repository`, as it stands there or without the registry in front; without tag and digest a part of it. */
  readonly paths: readonly string[];
  /** The start of a tag. */
  readonly tag?: string;
  /** The start of a digest, of which it is the digest that counts. */
  readonly digest?: string;
}

const form =
  /^(?:https?:\/\/)?([^\s:@]+(?::\d+\/[^\s:@]+)?)(?::([\w.-]*))?(?:@((?:sha256|sha512)?(?::[0-9a-f]*)?))?$/;

/** A text in lower case as people paste it; undefined: it is a word or the start of a digest, and no reference. */
export function parseSearchedReference(text: string): SearchedReference | undefined {
  const [, path = '', tag, digest] = form.exec(text.trim()) ?? [];
  if (path === '' || path === 'sha256' || path === 'sha512') return undefined;
  const [first = '', ...rest] = path.split('/');
  const isHost = /[.:]/.test(first) || first === 'localhost';
  const paths = isHost && rest.length > 1 ? [path, rest.join('/')] : [path];
  if (tag === undefined && digest === undefined && paths.length === 1) return undefined;
  return {
    paths,
    ...(tag === undefined || tag === '' ? {} : { tag }),
    ...(digest === undefined || digest === '' ? {} : { digest }),
  };
}

/** Of images `rm` that a reference names. Names and tags are patterns whose special characters are escaped (threats.md E2). */
export function isReferredTo(
  { paths, tag, digest }: SearchedReference,
  isVisible: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const isPart = tag === undefined && digest === undefined;
  const patterns = paths.map((path) => (isPart ? `%${escaped(path)}%` : `%/${escaped(path)}`));
  const repositories = sql`array(
    select r.id from repository r join namespace n on n.id = r.namespace_id
    where '/' || n.name || '/' || r.name like any(${patterns}::text[]) and ${isVisible})`;
  if (digest !== undefined) {
    const from = digest.includes(':') ? digest : `${digest}:`;
    return sql`rm.repository_id = any(${repositories})
      and rm.manifest_digest >= ${from} and rm.manifest_digest < ${`${from}g`}`; // behind every hexadecimal digit
  }
  if (tag === undefined) return sql`rm.repository_id = any(${repositories})`;
  return sql`rm.id in (
    select x.id from tag t
    join repository_manifest x on x.repository_id = t.repository_id and x.manifest_digest = t.manifest_digest
    where t.repository_id = any(${repositories}) and lower(t.name) like ${`${escaped(tag)}%`})`;
}

function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
