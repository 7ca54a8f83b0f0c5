import type { Package } from '../report/package.ts';
import type { AffectedPackage } from './advisory.ts';

/** How a statement of an advisory stands to an installed package of the same release. */
export type StatementStanding =
  /** It is of another stream, product or minor release, and says nothing of the package. */
  | { readonly kind: 'other' }
  | {
      readonly kind: 'own';
      /** Of the statements of a record those with the lowest rank count; 0 is what the package was installed from. */
      readonly rank: number;
      /** Why it cannot be told whether it speaks of the package. */
      readonly doubt?: string;
      /** Its versions are numbered otherwise than the package's: no comparison tells anything. */
      readonly isIncomparable?: true;
      /** Its fixes go to subscribers, and the package is none of theirs. */
      readonly hidesFix?: true;
    };

const own: StatementStanding = { kind: 'own', rank: 0 };
const other: StatementStanding = { kind: 'other' };

/** Decides by module, and by what Ubuntu and Red Hat say beside the release. */
export function statementStanding(affected: AffectedPackage, installed: Package): StatementStanding {
  switch (streamStanding(affected, installed)) {
    case 'other':
      return other;
    case 'unknown':
      return { kind: 'own', rank: 0, doubt: streamDoubt(affected, installed) };
    case 'same':
      break;
  }
  const { product = '' } = affected;
  switch (installed.ecosystem) {
    case 'Red Hat':
      return redHatStanding(product, installed);
    case 'Rocky Linux':
      return isOfCloudKernel(affected) && !cloudPattern.test(installed.version) ? other : own;
    case 'SUSE':
      return suseModulePattern.test(product) && !installed.release.startsWith('12') ? other : own;
    case 'Ubuntu':
      return ubuntuStanding(product, installed);
    default:
      return own;
  }
}

/**
 * Whether an advisory speaks of the stream that a package was installed from: an rpm of a module is never updated by one
 * of no module or of another stream, whatever their versions. `unknown` where the advisory or the package belongs to a
 * module but does not say to which stream.
 */
export function streamStanding(
  { modules }: AffectedPackage,
  installed: Package,
): 'same' | 'other' | 'unknown' {
  if (modules === undefined) return installed.module === '' ? 'same' : 'other';
  if (installed.module === '') return installed.version.includes('.module') ? 'unknown' : 'other';
  if (modules.length === 0) return 'unknown';
  return modules.includes(installed.module) ? 'same' : 'other';
}

function streamDoubt({ modules = [] }: AffectedPackage, { module }: Package): string {
  if (module !== '') return `the advisory does not say whether it is of the module stream ${module}`;
  const named = modules.length === 0 ? 'a module' : modules.join(', ');
  return `the package is of a module, but does not say of which stream; the advisory is of ${named}`;
}

/** Modules of SUSE Linux Enterprise 12, which name no service pack. */
const suseModulePattern = /^(?:SUSE )?Linux Enterprise Module .* 12$/;

/** Rocky Linux has kernels of its Cloud group beside its own: `5.14.0-687.36.1.el9_8.cloud.1.0`. */
const cloudPattern = /\.el\d+(?:_\d+)?\.cloud\./;

function isOfCloudKernel({ ranges }: AffectedPackage): boolean {
  const fixes = ranges.flatMap(({ events }) => events.flatMap(({ fixed }) => fixed ?? []));
  return fixes.length > 0 && fixes.every((fixed) => cloudPattern.test(fixed));
}

/**
 * Ubuntu builds packages anew for subscribers (`…+esm1`) and with validated cryptography (`…fips…`). Where a record says nothing
 * of the build that is installed, what it says of the other one holds: the same source with other patches. Not so of FIPS,
 * whose numbers cannot be compared with the others'.
 */
function ubuntuStanding(product: string, { sourceName, sourceVersion }: Package): StatementStanding {
  const stated = ubuntuBuild(product === '' ? 'plain' : 'subscribers', product);
  const isEsm = /esm\d/.test(sourceVersion);
  // Kernels say it in their names (`linux-fips`), others in their versions.
  const installed = ubuntuBuild(isEsm ? 'subscribers' : 'plain', `${sourceName} ${sourceVersion}`);
  if (stated === installed) return own;
  if (stated === 'fips') return other;
  if (installed === 'fips') {
    const doubt = 'the advisory is not of the FIPS build that is installed';
    return { kind: 'own', rank: 1, doubt, isIncomparable: true };
  }
  return stated === 'plain' ? { kind: 'own', rank: 1 } : { kind: 'own', rank: 1, hidesFix: true };
}

type UbuntuBuild = 'plain' | 'subscribers' | 'fips';

function ubuntuBuild(otherwise: UbuntuBuild, text: string): UbuntuBuild {
  return /fips/i.test(text) ? 'fips' : otherwise;
}

/**
 * `enterprise_linux` and its channels (`rhel_extras:7`, `rhel_software_collections:3::el7`) are RHEL itself, `rhel_els` its paid
 * extension. A minor release that is kept alive beside RHEL says nothing of RHEL. Of what else begins with `rhel_` it cannot be told
 * whether it is a channel or a product (`rhel_mirror_registry:1.0::el9`): it counts where RHEL itself is not spoken of. The rest are
 * products on top, which say nothing of RHEL's own packages: those of OpenShift say of which version of it they are
 * (`.rhaos4.12.el8`), of others that cannot be told.
 */
function redHatStanding(cpe: string, { version }: Package): StatementStanding {
  if (cpe.startsWith('rhel_els:')) return { kind: 'own', rank: 1, hidesFix: true };
  if (keptMinorPattern.test(cpe)) return other;
  if (cpe === '' || channels.has(cpe.split(':', 1)[0] ?? '')) return own;
  if (cpe.startsWith('rhel_')) {
    return {
      kind: 'own',
      rank: 1,
      doubt: `it cannot be told whether ${cpe} is a channel of RHEL or a product on top`,
    };
  }
  if (isBuiltForRhel(version)) return other;
  const [, openshift] = /^openshift:(\d+\.\d+)(?:::|$)/.exec(cpe) ?? [];
  const [, builtFor] = /\.rhaos(\d+\.\d+)\./.exec(version) ?? [];
  if (openshift !== undefined && builtFor !== undefined) return openshift === builtFor ? own : other;
  return { kind: 'own', rank: 0, doubt: `it cannot be told whether the package is of the product ${cpe}` };
}

/** Names of CPEs under which Red Hat publishes packages of RHEL, those of 4 and 5 included. */
const channels: ReadonlySet<string> = new Set([
  'enterprise_linux',
  'rhel_atomic',
  'rhel_cluster',
  'rhel_cluster_storage',
  'rhel_dotnet',
  'rhel_extras',
  'rhel_extras_oracle_java',
  'rhel_extras_rt',
  'rhel_extras_sap',
  'rhel_extras_sap_hana',
  'rhel_productivity',
  'rhel_software_collections',
  'rhel_virtualization',
]);

/** Products mark their builds: `1.25.3-5.rhaos4.12.el8`, `2.9-1.el8ap`. */
function isBuiltForRhel(version: string): boolean {
  return !/\.rh[a-z]+\d|\.el\d+[a-z]/.test(version);
}

/** `rhel_eus:9.2::baseos`, and so `aus`, `e4s`, `tus`; of RHEL 10 `enterprise_linux_eus:10.0`. */
const keptMinorPattern = /^(?:rhel|enterprise_linux)_[a-z0-9_]+:(\d+)\.(\d+)(?:::(?!el\d).*)?$/;

/** The minor release of RHEL that a statement keeps alive, as packages that were built for it name it: `el9_2`. */
export function keptMinorRelease({ product = '' }: AffectedPackage): string | undefined {
  const [, major, minor] = keptMinorPattern.exec(product) ?? [];
  return major === undefined ? undefined : `el${major}_${minor}`;
}
