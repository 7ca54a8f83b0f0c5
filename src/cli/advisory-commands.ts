import type { Command } from 'commander';
import { systemClock } from '../app/clock.ts';
import { addBundleCommands } from './bundle-commands.ts';
import { addChangesCommand } from './changes-command.ts';
import type { CommandContext } from './command-context.ts';
import { history } from './feed-history-command.ts';
import { print } from './output/print.ts';
import { printFeeds } from './output/print-feeds.ts';
import { ProgressLine } from './output/progress-line.ts';
import { shownInstant as shown } from './output/shown-instant.ts';
import { withInstallation } from './with-installation.ts';

interface SyncCommandOptions {
  readonly full?: true;
  readonly force?: true;
}

/** `pratique advisories …` */
export function addAdvisoryCommands(program: Command, context: () => CommandContext): void {
  const advisories = program
    .command('advisories')
    .description('the vulnerability data that images are judged by');
  advisories
    .command('sync')
    .description('bring the advisories up to date; exit code 2 when some feeds failed, 3 when all did')
    .option('--full', 'read every feed whole instead of what has changed')
    .option('--force', 'accept feeds that are older or much smaller than what is held')
    .action((options: SyncCommandOptions) => sync(context(), options));
  advisories
    .command('status')
    .description('show what is held of each feed')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) => status(context(), options.json === true));
  advisories
    .command('history')
    .description('show the last ten updates of each feed, and what each changed')
    .argument('[feed]', 'only this one, such as Debian or KEV')
    .option('--json', 'print JSON')
    .action((feed: string | undefined, options: { json?: true }) =>
      history(context(), { feed, asJson: options.json === true }),
    );
  addChangesCommand(advisories, context);
  addBundleCommands(advisories, context);
}

async function sync(context: CommandContext, options: SyncCommandOptions): Promise<void> {
  await withInstallation(context, async ({ connection, config }) => {
    const { bringAdvisories } = await import('../app/administration/bring-advisories.ts');
    const progress = new ProgressLine(process.stderr);
    const { alreadyRunning, feeds } = await bringAdvisories(
      { connection, config },
      {
        full: options.full === true,
        force: options.force === true,
        onProgress: ({ feed, phase, records }) =>
          progress.show(`${feed}: ${phase} ${records > 0 ? records : ''}`),
      },
    ).finally(() => progress.clear());
    if (alreadyRunning) return print('A synchronisation runs already');
    if (feeds.length === 0) return print(nothingToSync(config.advisoryBundle));
    printFeeds(context, feeds);
  });
}

function nothingToSync(bundle: string | undefined): string {
  if (bundle === 'manual')
    return 'Nothing is asked (PRATIQUE_ADVISORY_BUNDLE=manual): "pratique advisories import" takes a bundle';
  return bundle === undefined ? 'Nothing to synchronise' : `The bundle "${bundle}" is held already`;
}

async function status(context: CommandContext, asJson: boolean): Promise<void> {
  await withInstallation(context, async (installation) => {
    const { advisoryStatus } = await import('../app/administration/update-advisories.ts');
    const { feeds, readiness, bundle } = await advisoryStatus(installation);
    if (asJson) return print(JSON.stringify({ readiness, feeds, bundle: bundle ?? null }, undefined, 2));
    if (feeds.length > 0) {
      const { printFeedStatus } = await import('./output/print-feed-status.ts');
      printFeedStatus(feeds, systemClock());
    }
    print(readiness.message);
    if (bundle === undefined) return;
    const { version, createdAt, keyId = 'nobody', source, importedAt } = bundle;
    const imported = importedAt === undefined ? 'not imported to its end' : `imported ${shown(importedAt)}`;
    print(
      `Last bundle: version ${version} of ${shown(createdAt)}, signed by ${keyId}, ${imported}, from ${source}`,
    );
  });
}
