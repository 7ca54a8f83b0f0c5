/** OSV ecosystems (schema 1.7) whose suffix is a release of a distribution and whose ratings are its vendor's. */
const distributions: ReadonlySet<string> = new Set([
  'Alpaquita',
  'AlmaLinux',
  'Alpine',
  'Azure Linux',
  'BellSoft Hardened Containers',
  'Chainguard',
  'CleanStart',
  'Debian',
  'Echo',
  'Mageia',
  'MinimOS',
  'openEuler',
  'openSUSE',
  'Photon OS',
  'Red Hat',
  'Rocky Linux',
  'SUSE',
  'Ubuntu',
  'Wolfi',
]);

export function isDistributionEcosystem(ecosystem: string): boolean {
  return distributions.has(ecosystem);
}
