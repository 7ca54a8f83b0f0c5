import type { Distribution } from '../../../report/distribution.ts';
import type { FoundRelease, NamedRelease } from '../found.ts';
import { endOfLifeOn } from './end-of-life.ts';
import { familyOf } from './families.ts';
import { osvReleaseOf } from './osv-release.ts';

/** The distribution that the release files name, os-release first; undefined when there is none. */
export function detectDistribution(releases: readonly FoundRelease[]): Distribution | undefined {
  const [first] = [...releases].sort((a, b) => trustOf(b) - trustOf(a));
  if (first === undefined) return undefined;
  const { id, versionId, prettyName } = fillVersion(first, releases);
  const named = { id, versionId, prettyName };
  return { ...named, ...knownOf(named) };
}

/** What the names that a distribution gives itself mean to these tables; an image may have been scanned by older ones. */
export function knownOf(named: NamedRelease): Pick<Distribution, 'ecosystem' | 'release' | 'endOfLifeOn'> {
  const family = familyOf(named.id);
  const release = releaseOf(named);
  const lastDay = release === undefined ? undefined : endOfLifeOn(named, release);
  return {
    ...(family?.isJudged &&
      release !== undefined && { ecosystem: family.ecosystem, release: osvReleaseOf(named, release) }),
    ...(lastDay !== undefined && { endOfLifeOn: lastDay }),
  };
}

/** Derivatives keep the older files of their parents, Debian's more often than others. */
function trustOf({ source, id }: FoundRelease): number {
  if (source === 'os-release') return 3;
  if (source === 'debian-version') return 0;
  return id === 'rhel' ? 1 : 2;
}

/** Whether two release files name different distributions or releases: one of them is not genuine. */
export function releaseFilesDisagree(releases: readonly FoundRelease[]): boolean {
  const named = releases.find(({ source }) => source === 'os-release');
  if (named === undefined) return false;
  return releases.some((other) => {
    // Derivatives keep the older file of their parent.
    if (other.id !== named.id) return other.source === 'os-release';
    const left = releaseOf(named);
    const right = releaseOf(other);
    return left !== undefined && right !== undefined && !isSameRelease(left, right);
  });
}

/** Amazon Linux calls itself `2023` in one file and `2023.3` in another. */
function isSameRelease(left: string, right: string): boolean {
  return left === right || left.startsWith(`${right}.`) || right.startsWith(`${left}.`);
}

/** Debian testing and old Alpine leave VERSION_ID out: then the distribution's own file may know it. */
function fillVersion(named: FoundRelease, releases: readonly FoundRelease[]): FoundRelease {
  if (named.versionId !== '') return named;
  const other = releases.find(
    ({ source, id, versionId }) => source !== 'os-release' && id === named.id && versionId !== '',
  );
  return other === undefined ? named : { ...named, versionId: other.versionId };
}

/**
 * The release as its support goes by it (`v3.4` of Alpine, `12` of Debian, nothing of what has none); undefined when the version
 * does not tell, or the distribution is not known.
 */
function releaseOf({ id, versionId, prettyName }: NamedRelease): string | undefined {
  const releases = familyOf(id)?.releases;
  if (releases === undefined) return undefined;
  if (releases === 'rolling') return '';
  if (releases === 'named') return versionId === '' ? undefined : versionId;
  // A snapshot of Alpine's rolling branch calls itself `3.23_alpha20250612`.
  const isEdge = /\bedge\b/i.test(`${versionId} ${prettyName}`) || versionId.includes('_alpha');
  if (id === 'alpine' && isEdge) return 'edge';
  // It is built ahead of the release whose number it bears, and has no errata of its own.
  if (id === 'almalinux' && /\bKitten\b/.test(prettyName)) return undefined;
  const [, major, minor] = /^(\d{1,4})(?:\.(\d{1,4}))?(?:[._].*)?$/.exec(versionId) ?? [];
  if (major === undefined) return undefined;
  // 3.0 and 3.1 were two releases, and so were those before.
  const isByMinor = releases !== 'major' || (id === 'debian' && Number(major) < 4);
  if (!isByMinor) return major;
  if (id === 'alpine') return minor === undefined ? undefined : `v${major}.${minor}`;
  return minor === undefined ? major : `${major}.${minor}`;
}
