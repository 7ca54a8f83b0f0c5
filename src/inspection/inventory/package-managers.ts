interface ManagerTraits {
  /** Of the distribution, whose release files say which advisories count, or of a language. */
  readonly scope: 'system' | 'language';
  /** OSV ecosystem of a language's packages; of a system's, what stands for it while the distribution is unknown. */
  readonly ecosystem: string;
}

/** Who installs packages, by the name that a `FoundPackage` states. */
const managers = {
  apk: { scope: 'system', ecosystem: 'apk' },
  dpkg: { scope: 'system', ecosystem: 'deb' },
  rpm: { scope: 'system', ecosystem: 'rpm' },
  pacman: { scope: 'system', ecosystem: 'alpm' },
  npm: { scope: 'language', ecosystem: 'npm' },
  python: { scope: 'language', ecosystem: 'PyPI' },
  java: { scope: 'language', ecosystem: 'Maven' },
  go: { scope: 'language', ecosystem: 'Go' },
  rust: { scope: 'language', ecosystem: 'crates.io' },
  ruby: { scope: 'language', ecosystem: 'RubyGems' },
  php: { scope: 'language', ecosystem: 'Packagist' },
  dotnet: { scope: 'language', ecosystem: 'NuGet' },
  dart: { scope: 'language', ecosystem: 'Pub' },
  hex: { scope: 'language', ecosystem: 'Hex' },
  swift: { scope: 'language', ecosystem: 'SwiftURL' },
  conan: { scope: 'language', ecosystem: 'ConanCenter' },
  cran: { scope: 'language', ecosystem: 'CRAN' },
  julia: { scope: 'language', ecosystem: 'Julia' },
  haskell: { scope: 'language', ecosystem: 'Hackage' },
  bitnami: { scope: 'language', ecosystem: 'Bitnami' },
  /** Single programs, known by what is written in them. */
  program: { scope: 'language', ecosystem: 'generic' },
} as const satisfies Readonly<Record<string, ManagerTraits>>;

export type PackageManager = keyof typeof managers;

/** Package managers of distributions: a package of theirs is judged by the distribution's advisories. */
export const systemManagers = (Object.keys(managers) as PackageManager[]) // the keys of the table above
  .filter((manager) => managers[manager].scope === 'system');

export function isLanguageManager(manager: PackageManager): boolean {
  return managers[manager].scope === 'language';
}

/** OSV ecosystem of a manager's packages where no distribution gives another. */
export function ecosystemOf(manager: PackageManager): string {
  return managers[manager].ecosystem;
}
