import type { FeedContext } from './feed-context.ts';
import { FeedRefusedError } from './feed-errors.ts';
import { confirmFeed, type FeedRow, readFeedRow } from './feed-row.ts';
import type { Source } from './source.ts';
import type { Validators } from './source-reader.ts';
import type { FeedOutcome } from './sync-result.ts';

/** The one file that is a feed by itself, as its source has it now. */
export type FeedFile =
  /** Its source says that it is the one we hold, which is noted. */
  | { readonly kind: 'unchanged'; readonly outcome: FeedOutcome }
  | {
      readonly kind: 'read';
      readonly bytes: Buffer;
      readonly validators: Validators;
      readonly beganAt: Date;
      readonly at: Date;
      /** What was held before. */
      readonly row: FeedRow;
    };

/** Reads a feed of one file, unless the source has the version that is held. Throws `FeedRefusedError` when there is none. */
export async function readFeedFile(
  context: FeedContext,
  feed: { readonly name: string; readonly source: Source; readonly bytesMax: number },
): Promise<FeedFile> {
  const { client } = context;
  const { name, source, bytesMax } = feed;
  const beganAt = context.now();
  const row = await readFeedRow(client, name);
  const known = context.full ? undefined : row.validators[source.address];
  context.onProgress({ feed: name, phase: 'download', records: 0 });
  const answer = await context.reader.read(source, {
    bytesMax,
    ...(known === undefined ? {} : { unlessLike: known }),
  });
  const at = context.now();
  if (answer.kind === 'missing') throw new FeedRefusedError(source.address, 'it must exist, got "not found"');
  if (answer.kind === 'not-modified') {
    const confirmedAt = context.confirmedAt(name);
    await confirmFeed(client, { name, at, confirmedAt, source: source.address, validators: row.validators });
    return { kind: 'unchanged', outcome: { name, kind: 'unchanged', records: row.recordCount, skipped: 0 } };
  }
  return { kind: 'read', bytes: answer.bytes, validators: answer.validators, beganAt, at, row };
}
