import { describe, expect, it } from 'vitest';
import { apkOrder } from './apk.ts';
import { composerOrder } from './composer.ts';
import { cranOrder } from './cran.ts';
import { debOrder } from './deb.ts';
import { hackageOrder } from './hackage.ts';
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
    expect(orderOf('Alpine')).toBe(apkOrder);
    expect(orderOf('Debian')).toBe(debOrder);
    expect(orderOf('AlmaLinux')).toBe(rpmOrder);
    expect(orderOf('Azure Linux')).toBe(rpmOrder);
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
    expect(orderOf('Red Hat')).toBeUndefined();
    expect(orderOf('ConanCenter')).toBeUndefined();
    expect(orderOf('constructor')).toBeUndefined();
  });
});
