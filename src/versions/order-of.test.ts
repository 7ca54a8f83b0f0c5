import { describe, expect, it } from 'vitest';
import { apkOrder } from './apk.ts';
import { debOrder } from './deb.ts';
import { orderOf } from './order-of.ts';
import { rpmOrder } from './rpm.ts';
import { semverOrder } from './semver.ts';

describe('orderOf()', () => {
  it('gives each ecosystem the order of its package manager', () => {
    expect(orderOf('Alpine')).toBe(apkOrder);
    expect(orderOf('Debian')).toBe(debOrder);
    expect(orderOf('Azure Linux')).toBe(rpmOrder);
    for (const ecosystem of ['npm', 'Go', 'crates.io', 'Hex', 'SwiftURL', 'Bitnami']) {
      expect(orderOf(ecosystem)).toBe(semverOrder);
    }
  });

  it('has no order for an ecosystem that is not covered, rather than a wrong one', () => {
    expect(orderOf('Red Hat')).toBeUndefined();
    // A build number counts in Pub's order, and is ignored in that of semantic versions.
    expect(orderOf('Pub')).toBeUndefined();
    expect(orderOf('constructor')).toBeUndefined();
  });
});
