/** What stands in `package.ecosystem` of an OSV record (schema 1.7, "Defined ecosystems"). */
export interface OsvEcosystem {
  /** Without suffix. */
  readonly ecosystem: string;
  /** The distribution's release as images are asked about it (`12`, `22.04:LTS`, `15.5`); of a language, its repository. */
  readonly release: string;
  /** The whole suffix where it says more than the release: a product, a repository, a paid extension. */
  readonly product?: string;
}

/**
 * Takes the text apart. Ubuntu writes paid extensions before the release (`Ubuntu:Pro:18.04:LTS`), Red Hat the CPE of a
 * repository (`Red Hat:enterprise_linux:9::baseos`), SUSE the name of a product (`SUSE:Linux Enterprise Server 15 SP5`).
 */
export function parseOsvEcosystem(text: string): OsvEcosystem {
  const colon = text.indexOf(':');
  if (colon < 0) return { ecosystem: text, release: '' };
  const ecosystem = text.slice(0, colon);
  const suffix = text.slice(colon + 1);
  const release = releaseOf(ecosystem, suffix);
  return { ecosystem, release, ...(release === suffix ? {} : { product: suffix }) };
}

function releaseOf(ecosystem: string, suffix: string): string {
  switch (ecosystem) {
    case 'Azure Linux':
      return suffix.replace(/^(\d+)\.0$/, '$1');
    case 'openSUSE':
      return suffix.replace(/^openSUSE /, '');
    case 'Red Hat':
      return redHatRelease(suffix);
    case 'SUSE':
      return suseRelease(suffix);
    case 'Ubuntu':
      return /(?:^|:)(\d{1,2}\.\d\d(?::LTS)?)(?::|$)/.exec(suffix)?.[1] ?? suffix;
    default:
      return suffix;
  }
}

/** The major release stands behind the version of what has one of its own, else it is the version. */
function redHatRelease(cpe: string): string {
  const [, below] = /::el(\d+)\b/.exec(cpe) ?? [];
  const [, own] =
    /^(?:enterprise_linux|(?:rhel|enterprise_linux)_[a-z0-9_]+):(\d+)(?:[.:]|$)/.exec(cpe) ?? [];
  return below ?? own ?? cpe;
}

/**
 * Products of SUSE Linux Enterprise and their extensions share its number and service pack; Micro counts by itself. Modules of
 * 12 were published once for all of its service packs, so that they name none.
 */
function suseRelease(product: string): string {
  const [, micro] = /^(?:SUSE )?Linux (?:Enterprise )?Micro (\d+\.\d+)\b/.exec(product) ?? [];
  if (micro !== undefined) return micro;
  const [, module, major, pack, minor] =
    /^(?:SUSE )?(?:Linux Enterprise (Module )?.*?|Package Hub )(\d+)(?: SP(\d+)|\.(\d+))?(?:-[\w-]+)?$/.exec(
      product,
    ) ?? [];
  if (major === undefined) return product;
  const number = pack ?? minor;
  if (number !== undefined) return `${major}.${number}`;
  return module === undefined ? major : '';
}
