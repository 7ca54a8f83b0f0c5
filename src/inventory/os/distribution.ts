import type { Distribution } from '../../report/distribution.ts';
import type { FoundRelease } from '../found.ts';
import type { PackageManager } from '../package-managers.ts';
import { endOfLifeOn } from './end-of-life.ts';

/** A distribution whose packages are read: how its packages are called in OSV, and which manager holds them. */
export interface Family {
  readonly manager: PackageManager;
  readonly ecosystem: string;
  /** Whether its advisories are read too, so that nothing found means something. */
  readonly isJudged: boolean;
}

const families: Readonly<Record<string, Family>> = {
  alpine: { manager: 'apk', ecosystem: 'Alpine', isJudged: true },
  chainguard: { manager: 'apk', ecosystem: 'Chainguard', isJudged: false },
  debian: { manager: 'dpkg', ecosystem: 'Debian', isJudged: true },
  ubuntu: { manager: 'dpkg', ecosystem: 'Ubuntu', isJudged: false },
  wolfi: { manager: 'apk', ecosystem: 'Wolfi', isJudged: false },
};

export function familyOf(distributionId: string): Family | undefined {
  return Object.hasOwn(families, distributionId) ? families[distributionId] : undefined;
}

/** The distribution that the release files name, os-release first; undefined when there is none. */
export function detectDistribution(releases: readonly FoundRelease[]): Distribution | undefined {
  const named = releases.find(({ source }) => source === 'os-release') ?? releases[0];
  if (named === undefined) return undefined;
  const { id, versionId, prettyName } = fillVersion(named, releases);
  const family = familyOf(id);
  const release = family?.isJudged ? releaseOf(id, versionId, prettyName) : undefined;
  const distribution = { id, versionId, prettyName };
  if (family === undefined || release === undefined) return distribution;
  const lastDay = endOfLifeOn(family.ecosystem, release);
  return {
    ...distribution,
    ecosystem: family.ecosystem,
    release,
    ...(lastDay === undefined ? {} : { endOfLifeOn: lastDay }),
  };
}

/** Whether two release files name different distributions or releases: one of them is not genuine. */
export function releaseFilesDisagree(releases: readonly FoundRelease[]): boolean {
  const named = releases.find(({ source }) => source === 'os-release');
  if (named === undefined) return false;
  return releases.some((other) => {
    // Derivatives keep the older file of their parent.
    if (other.id !== named.id) return other.source === 'os-release';
    const left = releaseOf(named.id, named.versionId, named.prettyName);
    const right = releaseOf(other.id, other.versionId, other.prettyName);
    return left !== undefined && right !== undefined && left !== right;
  });
}

/** Debian testing and old Alpine leave VERSION_ID out: then the distribution's own file may know it. */
function fillVersion(named: FoundRelease, releases: readonly FoundRelease[]): FoundRelease {
  if (named.versionId !== '') return named;
  const other = releases.find(({ source, id }) => source !== 'os-release' && id === named.id);
  return other === undefined ? named : { ...named, versionId: other.versionId };
}

/** The release as OSV writes it after the colon (`Alpine:v3.4`, `Debian:12`); undefined when the version does not tell. */
function releaseOf(id: string, versionId: string, prettyName: string): string | undefined {
  const [, major, minor] = /^(\d{1,4})(?:\.(\d{1,4}))?(?:[._].*)?$/.exec(versionId) ?? [];
  if (id !== 'alpine') return major;
  // A snapshot of the rolling branch calls itself `3.23_alpha20250612`.
  if (/\bedge\b/i.test(`${versionId} ${prettyName}`) || versionId.includes('_alpha')) return 'edge';
  return major === undefined || minor === undefined ? undefined : `v${major}.${minor}`;
}
