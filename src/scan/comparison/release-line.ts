import type { Distribution } from '../../report/distribution.ts';

/** A tag with a version in it: `v`, 3.18.4, `-slim`. */
interface VersionTag {
  readonly prefix: string;
  readonly numbers: readonly number[];
  readonly suffix: string;
}

/** An image as far as its release line shows. */
export interface ReleaseSigns {
  readonly tag: string;
  readonly distribution: Distribution | undefined;
}

function parseVersionTag(tag: string): VersionTag | undefined {
  const match = /\d{1,9}(?:\.\d{1,9})*/.exec(tag);
  if (match === null) return undefined;
  return {
    prefix: tag.slice(0, match.index),
    numbers: match[0].split('.').map(Number),
    suffix: tag.slice(match.index + match[0].length),
  };
}

/**
 * Whether what bears the tag `to` goes on where `from` stopped: the same release of the same distribution, and the same tag,
 * or a tag with a greater last number of the version and everything else equal (`3.18.4` → `3.18.5`). Of versions with
 * two numbers the last tells a line in one project (python) and a step in another (debian): it counts as a step where the
 * version is the distribution's own. A tag without a version, such as `latest`, tells no line.
 */
export function isSameReleaseLine(from: ReleaseSigns, to: ReleaseSigns): boolean {
  if (!isSameRelease(from.distribution, to.distribution)) return false;
  const older = parseVersionTag(from.tag);
  const newer = parseVersionTag(to.tag);
  if (older === undefined || newer === undefined) return false;
  if (from.tag === to.tag) return true;
  const count = older.numbers.length;
  if (older.prefix !== newer.prefix || older.suffix !== newer.suffix) return false;
  if (newer.numbers.length !== count || count < 2) return false;
  if (older.numbers.slice(0, -1).some((number, index) => number !== newer.numbers[index])) return false;
  if ((newer.numbers.at(-1) ?? 0) <= (older.numbers.at(-1) ?? 0)) return false;
  return count > 2 || (isOwnVersion(older, from.distribution) && isOwnVersion(newer, to.distribution));
}

/** What the names of all tags that could go on with `tag` begin with; undefined when only the same tag could. */
export function linePrefix(tag: string): string | undefined {
  const version = parseVersionTag(tag);
  if (version === undefined || version.numbers.length < 2) return undefined;
  return `${version.prefix}${version.numbers.slice(0, -1).join('.')}.`;
}

/** Two unknown ones may be anything. */
function isSameRelease(a: Distribution | undefined, b: Distribution | undefined): boolean {
  if (a === undefined || b === undefined || a.id !== b.id) return false;
  return a.release !== undefined && b.release !== undefined
    ? a.release === b.release
    : a.versionId === b.versionId;
}

/** `12.5` is Debian 12, `3.11` is not. */
function isOwnVersion({ numbers }: VersionTag, distribution: Distribution | undefined): boolean {
  const own = parseVersionTag(distribution?.versionId ?? '')?.numbers ?? [];
  return own.length > 0 && own.slice(0, numbers.length).every((number, index) => number === numbers[index]);
}
