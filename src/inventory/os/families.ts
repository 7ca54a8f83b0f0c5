import type { PackageManager } from '../package-managers.ts';

/** A distribution whose packages are read: how its packages are called in OSV, and which manager holds them. */
export interface Family {
  readonly manager: PackageManager;
  /** What the manager's packages are called in general where OSV has no ecosystem for the distribution. */
  readonly ecosystem: string;
  /** Whether its advisories are read too, so that nothing found means something. */
  readonly isJudged: boolean;
  /** How much of the version names a release: support ends, and advisories are written, per release. */
  readonly releases: 'major' | 'minor' | 'rolling';
}

type FamilyRow = readonly [
  manager: PackageManager,
  ecosystem: string,
  releases: Family['releases'],
  isJudged?: 'judged',
];

/**
 * By `ID` of os-release. Of rpm's distributions AlmaLinux and Azure Linux are judged: how the advisories of the others name
 * releases, packages and modules is not matched yet.
 */
const rows: Readonly<Record<string, FamilyRow>> = {
  alpine: ['apk', 'Alpine', 'minor', 'judged'],
  chainguard: ['apk', 'Chainguard', 'rolling', 'judged'],
  wolfi: ['apk', 'Wolfi', 'rolling', 'judged'],
  debian: ['dpkg', 'Debian', 'major', 'judged'],
  ubuntu: ['dpkg', 'Ubuntu', 'minor'],
  azurelinux: ['rpm', 'Azure Linux', 'major', 'judged'],
  mariner: ['rpm', 'Azure Linux', 'major', 'judged'],
  almalinux: ['rpm', 'AlmaLinux', 'major', 'judged'],
  amzn: ['rpm', 'rpm', 'minor'],
  bottlerocket: ['rpm', 'rpm', 'minor'],
  centos: ['rpm', 'rpm', 'major'],
  fedora: ['rpm', 'rpm', 'major'],
  ol: ['rpm', 'rpm', 'major'],
  openeuler: ['rpm', 'openEuler', 'minor'],
  opensuse: ['rpm', 'openSUSE', 'minor'],
  'opensuse-leap': ['rpm', 'openSUSE', 'minor'],
  'opensuse-tumbleweed': ['rpm', 'openSUSE', 'rolling'],
  photon: ['rpm', 'Photon OS', 'minor'],
  rhel: ['rpm', 'Red Hat', 'major'],
  rocky: ['rpm', 'Rocky Linux', 'major'],
  'sl-micro': ['rpm', 'SUSE', 'minor'],
  'sle-micro': ['rpm', 'SUSE', 'minor'],
  sled: ['rpm', 'SUSE', 'minor'],
  sles: ['rpm', 'SUSE', 'minor'],
  arch: ['pacman', 'alpm', 'rolling'],
};

export function familyOf(distributionId: string): Family | undefined {
  const row = Object.hasOwn(rows, distributionId) ? rows[distributionId] : undefined;
  if (row === undefined) return undefined;
  const [manager, ecosystem, releases, isJudged] = row;
  return { manager, ecosystem, releases, isJudged: isJudged === 'judged' };
}
