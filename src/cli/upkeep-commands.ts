import type { Command } from 'commander';
import { type CommandContext, exitCodes } from './command-context.ts';
import { formatBytes } from './output/format-bytes.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { ProgressLine } from './output/progress-line.ts';
import { withInstallation } from './with-installation.ts';

/** `pratique gc` and `pratique fsck` */
export function addUpkeepCommands(program: Command, context: () => CommandContext): void {
  program
    .command('gc')
    .description('free what nothing holds any more; servers do so by themselves, and may run meanwhile')
    .option('--dry-run', 'say what would be freed, and change nothing')
    .option('--json', 'print JSON')
    .action((options: { dryRun?: true; json?: true }) =>
      collect(context(), { isDryRun: options.dryRun === true, asJson: options.json === true }),
    );
  program
    .command('fsck')
    .description('check what is stored; exit code 1 when something is broken')
    .option('--deep', 'read and hash every blob')
    .option('--json', 'print JSON')
    .action((options: { deep?: true; json?: true }) =>
      check(context(), { isDeep: options.deep === true, asJson: options.json === true }),
    );
}

async function collect(
  context: CommandContext,
  options: { readonly isDryRun: boolean; readonly asJson: boolean },
): Promise<void> {
  const { isDryRun, asJson } = options;
  await withInstallation(context, async (installation) => {
    const { collectGarbage } = await import('../app/administration/upkeep.ts');
    const collected = await collectGarbage(installation, { isDryRun });
    const { freedBytes, problems, blobs, orphans, uploads, manifests } = collected;
    if (problems.length > 0) context.setExitCode(exitCodes.failed);
    if (asJson) return print(JSON.stringify({ dryRun: isDryRun, ...collected }, undefined, 2));
    const rows = Object.entries({
      'layers and configs': blobs,
      'files without a row': orphans,
      'abandoned uploads': uploads,
      'manifests (in the database)': manifests,
    }).map(([what, { count, sizeBytes }]) => [what, String(count), formatBytes(sizeBytes)]);
    print(formatTable(['WHAT', 'COUNT', 'SIZE'], rows));
    for (const problem of problems) print(problem);
    print(`${isDryRun ? 'Would free' : 'Freed'} ${formatBytes(freedBytes)} (${freedBytes} bytes)`);
  });
}

async function check(
  context: CommandContext,
  options: { readonly isDeep: boolean; readonly asJson: boolean },
): Promise<void> {
  const { isDeep, asJson } = options;
  await withInstallation(context, async (installation) => {
    const { checkInstallation } = await import('../app/administration/upkeep.ts');
    const progress = new ProgressLine(process.stderr);
    const report = await checkInstallation(installation, {
      isDeep,
      onProgress: ({ blobs, files }) => progress.show(`${blobs} blobs, ${files} files checked`),
    }).finally(() => progress.clear());
    const { breaches, brokenCount, reclaimableCount, deletedCount, checked } = report;
    if (brokenCount > 0) context.setExitCode(exitCodes.failed);
    if (asJson) return print(JSON.stringify({ deep: isDeep, ...report }, undefined, 2));
    for (const { invariant, level, subject, problem, remedy } of breaches) {
      print(`${level} ${invariant} ${subject}: ${problem}\n  to do: ${remedy}`);
    }
    print(
      `Checked ${checked.manifests} manifests, ${checked.blobs} blobs (${formatBytes(checked.blobBytes)}${isDeep ? ', hashed' : ', by length'}), ${checked.files} files: ${brokenCount} broken, ${deletedCount} deleted on demand, ${reclaimableCount} reclaimable`,
    );
  });
}
