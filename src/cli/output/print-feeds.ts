import { type CommandContext, exitCodes } from '../command-context.ts';
import { formatTable } from './format-table.ts';
import { print } from './print.ts';

interface FeedResult {
  readonly name: string;
  readonly kind: string;
  readonly records: number;
  readonly error?: string;
}

/** How each feed fared, as a table; failures decide the exit code. */
export function printFeeds(context: CommandContext, feeds: readonly FeedResult[]): void {
  const rows = feeds.map(({ name, kind, records, error }) => [name, kind, String(records), error ?? '']);
  print(formatTable(['FEED', 'RESULT', 'RECORDS', 'NOTE'], rows));
  const failed = feeds.filter(({ kind }) => kind === 'failed').length;
  if (failed > 0)
    context.setExitCode(failed === feeds.length ? exitCodes.environment : exitCodes.undetermined);
}
