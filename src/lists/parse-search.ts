import { type NamedByUrl, parsePackageUrl } from '../inspection/inventory/parse-package-url.ts';
import { isVulnerabilityId } from '../report/vulnerability-id-form.ts';

/** One bound of a range of versions. */
export interface VersionLimit {
  readonly sign: '<' | '<=' | '=' | '>=' | '>';
  readonly version: string;
}

/** Which packages are looked for. */
export interface PackageSearch {
  readonly named:
    | { readonly kind: 'name'; readonly name: string }
    /** With at least one `*`, which stands for any characters. */
    | { readonly kind: 'pattern'; readonly pattern: string }
    | { readonly kind: 'url'; readonly url: NamedByUrl };
  /** All of them hold; empty: every version. */
  readonly limits: readonly VersionLimit[];
}

export type ParsedSearch =
  | { readonly kind: 'vulnerability'; readonly id: string }
  | { readonly kind: 'package'; readonly search: PackageSearch }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Fewer characters in a row are in too many names. */
const patternLengthMin = 3;

/**
 * Reads what people type: a vulnerability's id (any alias, any case), a package URL, a name, a pattern with `*`; a name,
 * pattern or URL with `@version` or with a range behind it: `name >=1.2, <1.4`.
 */
export function parseSearch(text: string): ParsedSearch {
  const asked = text.trim();
  if (isVulnerabilityId(asked.toUpperCase())) return { kind: 'vulnerability', id: asked };
  const split = /^pkg:\S+/i.test(asked)
    ? splitAt(asked, asked.search(/\s/))
    : splitAt(asked, asked.search(/[<>=]|[~!]=|~>|[\s,][\^~!]/));
  const limits = parseLimits(split.rest);
  if (typeof limits === 'string') return malformed(limits);
  return /^pkg:/i.test(split.first) ? searchByUrl(split.first, limits) : searchByName(split.first, limits);
}

function searchByUrl(text: string, limits: readonly VersionLimit[]): ParsedSearch {
  const parsed = parsePackageUrl(text);
  if (parsed.kind === 'malformed')
    return malformed(`the package URL "${text}" cannot be read: ${parsed.reason}`);
  const { url } = parsed;
  if (url.version !== undefined && limits.length > 0)
    return malformed('a package URL with a version takes no range of versions');
  const version = url.version === undefined ? [] : [{ sign: '=' as const, version: url.version }];
  return { kind: 'package', search: { named: { kind: 'url', url }, limits: [...version, ...limits] } };
}

function searchByName(text: string, limits: readonly VersionLimit[]): ParsedSearch {
  // The first character may be that of an npm scope.
  const at = text.lastIndexOf('@');
  const { first: name, rest: version } = splitAt(text, at > 0 ? at : -1);
  if (name === '') return malformed('the name of a package must stand before its version, got none');
  if (/\s/.test(name))
    return malformed(
      `a package's name has no spaces, got "${name}"; write a version as name@1.2 or a range as name >=1.2, <1.4`,
    );
  if (at > 0 && (version.length < 2 || limits.length > 0))
    return malformed('one version must stand behind "@", and no range besides');
  if (/^@[~^<>=]|\*/.test(version))
    return malformed(
      `one version must stand behind "@", got "${version.slice(1)}"; write a range as name >=1.2, <1.4`,
    );
  const all = at > 0 ? [{ sign: '=' as const, version: version.slice(1) }] : limits;
  if (!name.includes('*')) return { kind: 'package', search: { named: { kind: 'name', name }, limits: all } };
  if (name.split('*').every((part) => part.length < patternLengthMin))
    return malformed(
      `a pattern must have ${patternLengthMin} characters in a row that are not "*", got "${name}"`,
    );
  return { kind: 'package', search: { named: { kind: 'pattern', pattern: name }, limits: all } };
}

/** What Python, PEP 440 and dpkg write for them. */
const signs: Readonly<Record<string, VersionLimit['sign']>> = { '==': '=', '===': '=', '<<': '<', '>>': '>' };

/** The limits, or why they cannot be read. */
function parseLimits(text: string): readonly VersionLimit[] | string {
  const limits: VersionLimit[] = [];
  const limit = /[\s,]*(<=|>=|={1,3}|<<?|>>?)\s*([^\s,<>=~^*](?:[^\s,<>=!*]|!(?!=))*)(?=$|[\s,<>=])/y;
  let end = 0;
  for (let found = limit.exec(text); found !== null; found = limit.exec(text)) {
    const [, sign = '', version = ''] = found;
    limits.push({ sign: signs[sign] ?? (sign as VersionLimit['sign']), version }); // by the pattern
    end = limit.lastIndex;
  }
  const left = text.slice(end).trim();
  if (left === '') return limits;
  return `a range must be limits by <, <=, =, >= or >, such as ">=1.2, <1.4", got "${left}"`;
}

function malformed(reason: string): ParsedSearch {
  return { kind: 'malformed', reason };
}

function splitAt(text: string, index: number): { readonly first: string; readonly rest: string } {
  if (index === -1) return { first: text.trim(), rest: '' };
  return { first: text.slice(0, index).trim(), rest: text.slice(index) };
}
