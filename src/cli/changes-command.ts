import { type Command, Option } from 'commander';
import type { FindingChange } from '../app/administration/finding-changes.ts';
import { fixInWords } from '../report/fix-source.ts';
import type { CommandContext } from './command-context.ts';
import { limitOption, sinceOption } from './list-options.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { printable } from './output/printable.ts';
import { withInstallation } from './with-installation.ts';

interface ChangesOptions {
  readonly namespace?: string;
  readonly since?: Date;
  readonly change?: FindingChange['change'];
  readonly limit: number;
  readonly json?: true;
}

const changes = ['added', 'removed', 'severity-changed', 'became-fixable', 'known-exploited'];

/** `pratique advisories changes`: newest first. */
export function addChangesCommand(advisories: Command, context: () => CommandContext): void {
  advisories
    .command('changes')
    .description('what new advisories made different for packages of images, newest first')
    .option('--namespace <namespace>', 'only of packages that images of this namespace hold')
    .addOption(sinceOption())
    .addOption(new Option('--change <change>', 'only this').choices(changes))
    .addOption(limitOption({ what: 'most to list', max: 10_000, default: 100 }))
    .option('--json', 'print one JSON object a line')
    .action(({ json, ...filter }: ChangesOptions) =>
      withInstallation(context(), async ({ connection }) => {
        const { findingChanges } = await import('../app/administration/finding-changes.ts');
        const found = await findingChanges(connection.db, filter);
        if (json) for (const { key: _key, packageId: _id, ...one } of found) print(JSON.stringify(one));
        else print(formatTable(['AT', 'CHANGE', 'ID', 'SEVERITY', 'PACKAGE', 'FIX'], found.map(rowOf)));
      }),
    );
}

function rowOf(one: FindingChange): readonly string[] {
  const { name, version } = one.package;
  const rated =
    one.previousSeverity === undefined ? one.severity : `${one.previousSeverity} to ${one.severity}`;
  const stands = one.resolvedAt === undefined ? one.change : `${one.change}, gone since`;
  return [
    one.at.toISOString(),
    stands,
    one.id,
    rated,
    printable(`${name} ${version}`),
    one.fixedVersion === undefined ? '-' : printable(fixInWords(one.fixedVersion, one.fixedSource)),
  ];
}
