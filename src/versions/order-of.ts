import { apkOrder } from './apk.ts';
import { debOrder } from './deb.ts';
import { rpmOrder } from './rpm.ts';
import { semverOrder } from './semver.ts';
import type { VersionOrder } from './version-order.ts';

/** The order of an OSV ecosystem (without the release after the colon); undefined where we know none yet. */
export function orderOf(ecosystem: string): VersionOrder | undefined {
  switch (ecosystem) {
    case 'Alpine':
    case 'Chainguard':
    case 'Wolfi':
      return apkOrder;
    case 'Debian':
    case 'Ubuntu':
      return debOrder;
    // Its advisories name source packages and know neither modules nor streams; those of other rpm distributions do.
    case 'Azure Linux':
      return rpmOrder;
    // Their packages have semantic versions by rule, and so have their advisories (OSV schema, `SEMVER` ranges).
    case 'Bitnami':
    case 'crates.io':
    case 'Go':
    case 'Hex':
    case 'npm':
    case 'SwiftURL':
      return semverOrder;
    default:
      return undefined;
  }
}
