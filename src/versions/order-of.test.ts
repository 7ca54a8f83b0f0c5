import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { alpmOrder } from './alpm.ts';
import { apkOrder } from './apk.ts';
import { bitnamiOrder } from './bitnami.ts';
import { composerOrder } from './composer.ts';
import { conanOrder } from './conan.ts';
import { cranOrder } from './cran.ts';
import { debOrder } from './deb.ts';
import { hackageOrder } from './hackage.ts';
import { juliaOrder } from './julia.ts';
import { mavenOrder } from './maven.ts';
import { nugetOrder } from './nuget.ts';
import { orderOf } from './order-of.ts';
import { pep440Order } from './pep440.ts';
import { pubOrder } from './pub.ts';
import { rpmOrder } from './rpm.ts';
import { rubygemsOrder } from './rubygems.ts';
import { semverOrder } from './semver.ts';

/** OSV schema 1.7.5, ecosystems.json. */
const schemaEcosystems = [
  ...['AlmaLinux', 'Alpaquita', 'Alpine', 'Android', 'Azure Linux', 'BellSoft Hardened Containers'],
  ...['Bioconductor', 'Bitnami', 'Chainguard', 'CleanStart', 'ConanCenter', 'CRAN', 'crates.io', 'Debian'],
  ...['Docker Hardened Images', 'Echo', 'FreeBSD', 'GHC', 'GitHub Actions', 'Go', 'Hackage', 'Hex', 'Julia'],
  ...['Kubernetes', 'Linux', 'Mageia', 'Maven', 'MinimOS', 'npm', 'NuGet', 'opam', 'openEuler', 'openSUSE'],
  ...['OSS-Fuzz', 'Packagist', 'Photon OS', 'Pub', 'PyPI', 'Red Hat', 'Rocky Linux', 'Root', 'RubyGems'],
  ...['SUSE', 'SwiftURL', 'TuxCare', 'Ubuntu', 'VSCode', 'Wolfi'],
];

describe('orderOf()', () => {
  it('gives each ecosystem the order of its package manager', () => {
    for (const ecosystem of ['Alpaquita', 'Alpine', 'BellSoft Hardened Containers', 'MinimOS', 'Wolfi']) {
      expect(orderOf(ecosystem)).toBe(apkOrder);
    }
    for (const ecosystem of ['Debian', 'Echo', 'Ubuntu']) expect(orderOf(ecosystem)).toBe(debOrder);
    for (const ecosystem of ['AlmaLinux', 'Azure Linux', 'Red Hat', 'Rocky Linux', 'SUSE', 'openEuler']) {
      expect(orderOf(ecosystem)).toBe(rpmOrder);
    }
    expect(['apk', 'deb', 'rpm', 'alpm'].map(orderOf)).toEqual([apkOrder, debOrder, rpmOrder, alpmOrder]);
    expect(orderOf('ConanCenter')).toBe(conanOrder);
    expect(orderOf('Julia')).toBe(juliaOrder);
    for (const ecosystem of ['npm', 'Go', 'crates.io', 'Hex', 'SwiftURL']) {
      expect(orderOf(ecosystem)).toBe(semverOrder);
    }
    expect(orderOf('Bitnami')).toBe(bitnamiOrder);
    expect(orderOf('PyPI')).toBe(pep440Order);
    expect(orderOf('Maven')).toBe(mavenOrder);
    expect(orderOf('RubyGems')).toBe(rubygemsOrder);
    expect(orderOf('NuGet')).toBe(nugetOrder);
    expect(orderOf('Packagist')).toBe(composerOrder);
    expect(orderOf('Pub')).toBe(pubOrder);
    expect(orderOf('Hackage')).toBe(hackageOrder);
    expect(orderOf('CRAN')).toBe(cranOrder);
  });

  it('has no order for what nothing in an image is listed under', () => {
    expect(schemaEcosystems.filter((ecosystem) => orderOf(ecosystem) === undefined)).toEqual([
      'Android',
      'Bioconductor',
      'Docker Hardened Images',
      'FreeBSD',
      'GHC',
      'GitHub Actions',
      'Kubernetes',
      'Linux',
      'opam',
      'OSS-Fuzz',
      'Root',
      'TuxCare',
      'VSCode',
    ]);
    expect(orderOf('constructor')).toBeUndefined();
  });

  it('is documented for every ecosystem of the schema, or said to be missing', () => {
    const documented = readFileSync(new URL('../../docs/coverage.md', import.meta.url), 'utf8');
    const missing = schemaEcosystems.filter((one) => !new RegExp(`\`${one}[\`:]`).test(documented));
    expect(missing).toEqual([]);
  });
});
