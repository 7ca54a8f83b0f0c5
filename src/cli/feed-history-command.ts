import type { feedHistory } from '../app/administration/update-advisories.ts';
import type { CommandContext } from './command-context.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { shownInstant } from './output/shown-instant.ts';
import { withInstallation } from './with-installation.ts';

/** `pratique advisories history`: newest first. */
export async function history(
  context: CommandContext,
  { feed, asJson }: { readonly feed: string | undefined; readonly asJson: boolean },
): Promise<void> {
  await withInstallation(context, async ({ connection }) => {
    const { feedHistory } = await import('../app/administration/update-advisories.ts');
    const updates = await feedHistory(connection.db, feed);
    if (asJson) return print(JSON.stringify(updates, undefined, 2));
    if (updates.length === 0) {
      return print(feed === undefined ? 'No feed was updated yet' : `No update of a feed "${feed}" is known`);
    }
    const columns = ['FEED', 'WHEN', 'TOOK', 'VERSION', 'RECORDS', 'NEW', 'CHANGED', 'WITHDRAWN', 'GONE'];
    print(formatTable([...columns, 'FINDINGS', 'IMAGES', 'NOTE'], updates.map(rowOf)));
  });
}

type FeedUpdate = Awaited<ReturnType<typeof feedHistory>>[number];

function rowOf(update: FeedUpdate): readonly string[] {
  const { changes, effects } = update;
  const isApplied = update.outcome === 'applied';
  const counted = (count: number | undefined) => (isApplied && count !== undefined ? String(count) : '');
  return [
    update.feed,
    shownInstant(update.endedAt),
    isApplied ? `${((update.endedAt.getTime() - update.beganAt.getTime()) / 1_000).toFixed(1)} s` : '',
    isApplied ? `${update.versionBefore} to ${update.versionAfter}` : String(update.versionBefore),
    isApplied ? `${update.recordsBefore} to ${update.recordsAfter}` : String(update.recordsBefore),
    counted(changes.added),
    counted(changes.changed),
    counted(changes.withdrawn),
    counted(changes.vanished),
    effects === undefined ? '' : `+${effects.findingsAdded} -${effects.findingsRemoved}`,
    counted(effects?.imagesTouched),
    noteOf(update),
  ];
}

function noteOf({ outcome, source, error, attempts }: FeedUpdate): string {
  if (outcome === 'applied') return source ?? '';
  return `${outcome}${attempts > 1 ? ` ${attempts} times` : ''}: ${error ?? ''}`;
}
