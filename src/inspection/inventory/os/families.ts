import type { PackageManager } from '../package-managers.ts';

/** A distribution whose packages are read: how its packages are called in OSV, and which manager holds them. */
export interface Family {
  readonly manager: PackageManager;
  /** What the manager's packages are called in general where OSV has no ecosystem for the distribution. */
  readonly ecosystem: string;
  /** Whether OSV has an ecosystem for it, so that nothing found may mean something. */
  readonly isJudged: boolean;
  /** How much of the version names a release, by which support ends and advisories are written; `named`: all of it. */
  readonly releases: 'major' | 'minor' | 'named' | 'rolling';
}

type FamilyRow = readonly [manager: PackageManager, ecosystem: string, releases: Family['releases']];

/**
 * By `ID` of os-release, in lower case. What stands for the whole of a manager (`rpm`) is judged by nothing. How OSV calls
 * them: https://ossf.github.io/osv-schema/#defined-ecosystems (1.7.4). IDs of those of which no image was at hand are as
 * other scanners know them: Trivy (pkg/fanal/analyzer/os/release/release.go: `echo`, `minimos`, `sl-micro`,
 * `sle-micro`, `sle-micro-rancher`, `chainguard`), Grype (grype/distro/type.go: `clnstrt`) and OSV-SCALIBR
 * (extractor/filesystem/os/ecosystem/ecosystem.go: `alpaquita`, `bellsoft-hardened-containers`, `cleanstart`, `openEuler`).
 * MinimOS writes the day of its build as VERSION_ID, which is no release (google/osv-scalibr#2202); of Echo, `Echo:PyPI`
 * and the like are its builds of language packages (ossf/osv-schema#615).
 */
const rows: Readonly<Record<string, FamilyRow>> = {
  alpaquita: ['apk', 'Alpaquita', 'named'],
  alpine: ['apk', 'Alpine', 'minor'],
  'bellsoft-hardened-containers': ['apk', 'BellSoft Hardened Containers', 'named'],
  chainguard: ['apk', 'Chainguard', 'rolling'],
  cleanstart: ['apk', 'CleanStart', 'rolling'],
  clnstrt: ['apk', 'CleanStart', 'rolling'],
  minimos: ['apk', 'MinimOS', 'rolling'],
  wolfi: ['apk', 'Wolfi', 'rolling'],
  debian: ['dpkg', 'Debian', 'major'],
  echo: ['dpkg', 'Echo', 'rolling'],
  ubuntu: ['dpkg', 'Ubuntu', 'minor'],
  azurelinux: ['rpm', 'Azure Linux', 'major'],
  mariner: ['rpm', 'Azure Linux', 'major'],
  almalinux: ['rpm', 'AlmaLinux', 'major'],
  amzn: ['rpm', 'rpm', 'minor'],
  bottlerocket: ['rpm', 'rpm', 'minor'],
  centos: ['rpm', 'rpm', 'major'],
  fedora: ['rpm', 'rpm', 'major'],
  mageia: ['rpm', 'Mageia', 'major'],
  ol: ['rpm', 'rpm', 'major'],
  openeuler: ['rpm', 'openEuler', 'minor'],
  opensuse: ['rpm', 'openSUSE', 'minor'],
  'opensuse-leap': ['rpm', 'openSUSE', 'minor'],
  'opensuse-leap-micro': ['rpm', 'openSUSE', 'minor'],
  'opensuse-tumbleweed': ['rpm', 'openSUSE', 'rolling'],
  photon: ['rpm', 'Photon OS', 'minor'],
  rhel: ['rpm', 'Red Hat', 'major'],
  rocky: ['rpm', 'Rocky Linux', 'major'],
  'sl-micro': ['rpm', 'SUSE', 'minor'],
  'sle-micro': ['rpm', 'SUSE', 'minor'],
  'sle-micro-rancher': ['rpm', 'SUSE', 'minor'],
  sled: ['rpm', 'SUSE', 'minor'],
  sles: ['rpm', 'SUSE', 'minor'],
  arch: ['pacman', 'alpm', 'rolling'],
};

/**
 * Grows with every change of what a distribution or one of its releases is called, here, in `distribution.ts` or in
 * `osv-release.ts`: images that it concerns are then scanned again, of which no layer is read.
 */
export const distributionsVersion = 4;

const unjudged: ReadonlySet<string> = new Set(['alpm', 'rpm']);

/** `ID` of os-release of every distribution whose packages are read. */
export const knownDistributions: readonly string[] = Object.keys(rows);

export function familyOf(distributionId: string): Family | undefined {
  const row = Object.hasOwn(rows, distributionId) ? rows[distributionId] : undefined;
  if (row === undefined) return undefined;
  const [manager, ecosystem, releases] = row;
  return { manager, ecosystem, releases, isJudged: !unjudged.has(ecosystem) };
}
