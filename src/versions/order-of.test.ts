import { describe, expect, it } from 'vitest';
import { apkOrder } from './apk.ts';
import { composerOrder } from './composer.ts';
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

describe('orderOf()', () => {
  it('gives each ecosystem the order of its package manager', () => {
    for (const ecosystem of ['Alpaquita', 'Alpine', 'BellSoft Hardened Containers', 'MinimOS', 'Wolfi']) {
      expect(orderOf(ecosystem)).toBe(apkOrder);
    }
    for (const ecosystem of ['Debian', 'Echo', 'Ubuntu']) expect(orderOf(ecosystem)).toBe(debOrder);
    for (const ecosystem of ['AlmaLinux', 'Azure Linux', 'Red Hat', 'Rocky Linux', 'SUSE', 'openEuler']) {
      expect(orderOf(ecosystem)).toBe(rpmOrder);
    }
    expect(orderOf('Julia')).toBe(juliaOrder);
    for (const ecosystem of ['npm', 'Go', 'crates.io', 'Hex', 'SwiftURL', 'Bitnami']) {
      expect(orderOf(ecosystem)).toBe(semverOrder);
    }
    expect(orderOf('PyPI')).toBe(pep440Order);
    expect(orderOf('Maven')).toBe(mavenOrder);
    expect(orderOf('RubyGems')).toBe(rubygemsOrder);
    expect(orderOf('NuGet')).toBe(nugetOrder);
    expect(orderOf('Packagist')).toBe(composerOrder);
    expect(orderOf('Pub')).toBe(pubOrder);
    expect(orderOf('Hackage')).toBe(hackageOrder);
    expect(orderOf('CRAN')).toBe(cranOrder);
  });

  it('has no order for an ecosystem that is not covered, rather than a wrong one', () => {
    expect(orderOf('Android')).toBeUndefined();
    expect(orderOf('ConanCenter')).toBeUndefined();
    expect(orderOf('constructor')).toBeUndefined();
  });
});
