import type { Command } from 'commander';
import type { FoundPackage, StoredSearch } from '../app/administration/search-stored.ts';
import type { CommandContext } from './command-context.ts';
import { limitOption } from './list-options.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { printable } from './output/printable.ts';
import { withInstallation } from './with-installation.ts';

interface SearchOptions {
  readonly ecosystem?: string;
  readonly namespace?: string;
  readonly limit: number;
  readonly json?: true;
}

const limitMax = 1_000;

/** `pratique search <what>`: who has a vulnerability or a package. */
export function addSearchCommand(program: Command, context: () => CommandContext): void {
  program
    .command('search <what>')
    .description(
      'images with a vulnerability (any id) or a package: name, name@1.2, "name >=1.2, <1.4", *part*, or a package URL',
    )
    .option('--ecosystem <ecosystem>', 'only packages of this OSV ecosystem, such as npm or Debian')
    .option('--namespace <namespace>', 'only images of this namespace')
    .addOption(limitOption({ what: 'most packages and most images to list', max: limitMax, default: 50 }))
    .option('--json', 'print one JSON document')
    .action((text: string, { json, ...rest }: SearchOptions) =>
      withInstallation(context(), async ({ connection }) => {
        const { searchStored } = await import('../app/administration/search-stored.ts');
        const found = await searchStored(connection.db, { text, ...rest });
        print(json ? JSON.stringify(searchJson(found), undefined, 2) : searchTable(found));
      }),
    );
}

function searchTable(found: StoredSearch): string {
  const { vulnerabilityIds, packageCount, incomparableCount, imageCount, affectedImageCount } = found;
  const lines = [
    `${counted(imageCount, 'image')}, ${counted(packageCount, 'package')}; ${counted(vulnerabilityIds.length, 'unique vulnerability', 'unique vulnerabilities')}, ${counted(affectedImageCount, 'affected image')}`,
  ];
  if (found.isCut) lines.push('Could not look at all: more packages are meant than are looked for');
  if (found.packages.length > 0) lines.push('', packageTable(found.packages));
  if (found.images.length > 0) lines.push('', imageTable(found));
  if (incomparableCount > 0)
    lines.push(
      '',
      `Could not tell of ${counted(incomparableCount, 'package')}: versions that cannot be compared`,
      packageTable(found.incomparable),
    );
  return lines.join('\n');
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function packageTable(packages: readonly FoundPackage[]): string {
  return formatTable(
    ['ECOSYSTEM', 'PACKAGE', 'VERSION', 'IMAGES'],
    packages.map(({ ecosystem, release, name, version, imageCount, imageCountIsMinimum }) => [
      release === '' ? ecosystem : `${ecosystem} ${release}`,
      printable(name),
      printable(version),
      `${imageCount}${imageCountIsMinimum ? '+' : ''}`,
    ]),
  );
}

function imageTable({ images }: StoredSearch): string {
  return formatTable(
    ['IMAGE', 'TAGS', 'DIGEST', 'SCAN'],
    images.map(({ namespace, repository, tags, digest, scan }) => [
      `${namespace}/${repository}`,
      tags.slice(0, 3).join(',') || '-',
      digest.slice(0, 'sha256:'.length + 12),
      scan.state,
    ]),
  );
}

/** The fields keep their meaning; more may come. */
function searchJson(found: StoredSearch) {
  const { kind, vulnerabilityIds, packageCount, incomparableCount, isCut } = found;
  return {
    kind,
    vulnerabilities: vulnerabilityIds,
    packages: { count: packageCount, items: found.packages.map(packageJson) },
    incomparable: { count: incomparableCount, items: found.incomparable.map(packageJson) },
    images: {
      count: found.imageCount,
      affected: found.affectedImageCount,
      items: found.images.map(({ namespace, repository, tags, digest, scan, severity }) => ({
        image: `${namespace}/${repository}`,
        tags,
        digest,
        state: scan.state,
        severity,
      })),
    },
    isCut,
  };
}

function packageJson({ id: _, module: __, ...one }: FoundPackage) {
  return one;
}
