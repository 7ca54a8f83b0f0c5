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
import { pep440Order } from './pep440.ts';
import { pubOrder } from './pub.ts';
import { rpmOrder } from './rpm.ts';
import { rubygemsOrder } from './rubygems.ts';
import { semverOrder } from './semver.ts';
import type { VersionOrder } from './version-order.ts';

/**
 * The order of an OSV ecosystem (without the release after the colon), or of what stands for the packages of a manager where OSV has
 * none for the distribution; undefined where we know none yet.
 */
export function orderOf(ecosystem: string): VersionOrder | undefined {
  switch (ecosystem) {
    case 'Alpaquita':
    case 'Alpine':
    case 'BellSoft Hardened Containers':
    case 'Chainguard':
    case 'CleanStart':
    case 'MinimOS':
    case 'Wolfi':
    case 'apk':
      return apkOrder;
    case 'Debian':
    case 'Echo':
    case 'Ubuntu':
    case 'deb':
      return debOrder;
    case 'AlmaLinux':
    case 'Azure Linux':
    case 'Mageia':
    case 'openEuler':
    case 'openSUSE':
    case 'Photon OS':
    case 'Red Hat':
    case 'Rocky Linux':
    case 'SUSE':
    case 'rpm':
      return rpmOrder;
    case 'alpm':
      return alpmOrder;
    // Their packages have semantic versions by rule, and so have their advisories (OSV schema, `SEMVER` ranges).
    case 'crates.io':
    case 'Go':
    case 'Hex':
    case 'npm':
    case 'SwiftURL':
      return semverOrder;
    case 'Bitnami':
      return bitnamiOrder;
    case 'ConanCenter':
      return conanOrder;
    case 'CRAN':
      return cranOrder;
    case 'Hackage':
      return hackageOrder;
    case 'Julia':
      return juliaOrder;
    case 'Maven':
      return mavenOrder;
    case 'NuGet':
      return nugetOrder;
    case 'Packagist':
      return composerOrder;
    case 'Pub':
      return pubOrder;
    case 'PyPI':
      return pep440Order;
    case 'RubyGems':
      return rubygemsOrder;
    default:
      return undefined;
  }
}
