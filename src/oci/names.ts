/** A namespace: the first path component of a repository's full name. */
export type NamespaceName = string & { readonly __brand: 'NamespaceName' };
/** A repository's name below its namespace; may hold slashes. */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' };
export type Tag = string & { readonly __brand: 'Tag' };

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const namespacePattern = new RegExp(`^${component}$`);
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Longest full name `<namespace>/<repository>` (threats.md §1.9). */
export const fullNameLengthMax = 255;
export const namespaceNameLengthMax = 64;

/** distribution-spec v1.1 spec.md#pulling-manifests: `<name>`; one component of it is our namespace. */
export function parseNamespaceName(text: string): NamespaceName | undefined {
  return text.length <= namespaceNameLengthMax && namespacePattern.test(text)
    ? (text as NamespaceName) // checked by the pattern
    : undefined;
}

export function parseRepositoryName(text: string): RepositoryName | undefined {
  return text.length <= fullNameLengthMax && repositoryPattern.test(text)
    ? (text as RepositoryName) // checked by the pattern
    : undefined;
}

/** distribution-spec v1.1 spec.md#pulling-manifests: `<reference>` as a tag. */
export function parseTag(text: string): Tag | undefined {
  return tagPattern.test(text) ? (text as Tag) : undefined; // checked by the pattern
}
