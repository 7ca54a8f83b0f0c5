import type { Distribution } from '../../report/distribution.ts';
import type { Doubt } from '../../report/scan-state.ts';
import type { Found, FoundRelease } from './found.ts';
import { releaseFilesDisagree } from './os/distribution.ts';
import { familyOf } from './os/families.ts';
import { type PackageManager, systemManagers } from './package-managers.ts';
import { guessedArchiveDoubt } from './published-archives.ts';
import { rebuiltPackagesDoubts } from './rebuilt-packages.ts';

export interface DoubtsQuestion {
  readonly all: readonly Found[];
  readonly releases: readonly FoundRelease[];
  readonly distribution: Distribution | undefined;
  /** Managers of which at least one package was found. */
  readonly managers: ReadonlySet<PackageManager>;
  readonly view: { readonly executableCount: number };
}

/** Why nothing found in this image may not mean that nothing is there, whatever advisories there are (decision 0008). */
export function inventoryDoubts(question: DoubtsQuestion): readonly Doubt[] {
  return [
    ...distributionDoubts(question),
    ...databaseDoubts(question),
    ...unreadableDoubts(question),
    ...guessDoubts(question),
    ...rebuiltPackagesDoubts(question.all.filter((found) => found.kind === 'package')),
  ];
}

function distributionDoubts(question: DoubtsQuestion): Doubt[] {
  const { distribution, managers, releases, view } = question;
  const hasSystemPackages = systemManagers.some((manager) => managers.has(manager));
  if (distribution === undefined) {
    if (view.executableCount === 0 && !hasSystemPackages) return [];
    return [
      {
        code: 'unknown-distribution',
        message: 'The image holds programs, but no file says of which distribution',
      },
    ];
  }
  const name = distribution.prettyName;
  const doubts: Doubt[] = [];
  if (releaseFilesDisagree(releases)) {
    const message = `The image calls itself ${name}, but another of its release files names another release`;
    doubts.push({ code: 'unknown-distribution', message });
  }
  const family = familyOf(distribution.id);
  const foreign = systemManagers.find(
    (manager) => managers.has(manager) && family !== undefined && family.manager !== manager,
  );
  if (foreign !== undefined) {
    const message = `The image calls itself ${name}, but holds a package database of ${foreign}`;
    doubts.push({ code: 'unknown-distribution', message });
  }
  return doubts;
}

function databaseDoubts({ distribution, managers, view }: DoubtsQuestion): Doubt[] {
  if (view.executableCount === 0) return [];
  const family = distribution === undefined ? undefined : familyOf(distribution.id);
  if (family !== undefined && !managers.has(family.manager)) {
    const message = `The image holds programs, but no package that ${family.manager} installed`;
    return [{ code: 'no-package-database', message }];
  }
  return managers.size > 0
    ? []
    : [
        {
          code: 'no-package-database',
          message: 'The image holds programs, but no packages that can be read',
        },
      ];
}

function unreadableDoubts({ all }: DoubtsQuestion): Doubt[] {
  const reasons = new Set(all.flatMap((found) => (found.kind === 'unreadable' ? [found.reason] : [])));
  return [...reasons].map((reason) => ({
    code: 'unreadable-file',
    message: `${reason}: there may be more packages than are listed`,
  }));
}

function guessDoubts({ all }: DoubtsQuestion): Doubt[] {
  return all.some((found) => found.kind === 'package' && found.isGuessed) ? [guessedArchiveDoubt] : [];
}
