import type { NamedRelease } from '../found.ts';

/**
 * What the advisories of a distribution call a release (OSV schema 1.7, what follows the colon of an ecosystem), by how its
 * support calls it: `22.04:LTS`, `Leap 15.6`, `24.03-LTS-SP1`.
 */
export function osvReleaseOf({ id, prettyName }: NamedRelease, supported: string): string {
  switch (id) {
    case 'debian':
      // Its releases had two numbers until 6.0.
      return /^[456]$/.test(supported) ? `${supported}.0` : supported;
    case 'ubuntu':
      return isUbuntuLts(supported) ? `${supported}:LTS` : supported;
    case 'opensuse':
    case 'opensuse-leap':
      return `Leap ${supported}`;
    case 'opensuse-leap-micro':
      return `Leap Micro ${supported}`;
    case 'opensuse-tumbleweed':
      return 'Tumbleweed';
    case 'openeuler':
      return openEulerRelease(prettyName, supported);
    default:
      return supported;
  }
}

/** Every second April (https://wiki.ubuntu.com/Releases), but for the first, which was late. */
function isUbuntuLts(release: string): boolean {
  const [, year] = /^(\d{1,2})\.04$/.exec(release) ?? [];
  return release === '6.06' || (Number(year) >= 8 && Number(year) % 2 === 0);
}

/** `openEuler 24.03 (LTS-SP1)`: that stands in the name only; releases without it have no advisories. */
function openEulerRelease(prettyName: string, supported: string): string {
  const [, kind] = /\b(LTS(?:[- ]SP\d{1,2})?)\b/.exec(prettyName) ?? [];
  return kind === undefined ? supported : `${supported}-${kind.replace(' ', '-')}`;
}
