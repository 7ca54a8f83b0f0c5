import type pg from 'pg';
import type { FeedContext } from './feed-context.ts';
import { confirmFeed, readerVersion, readFeedRow } from './feed-row.ts';
import type { Source } from './source.ts';
import type { FeedOutcome } from './sync-result.ts';

/** In the place of an address among a feed's validators: the bytes of a copy that were taken over whole. */
const copyKey = 'copy';

/**
 * Of these feeds, those that are held exactly as a copy has them. What a mirror brings in their place, or a version of ours
 * that reads records otherwise, makes them differ.
 */
export async function feedsHeldAs(
  client: Pick<pg.ClientBase, 'query'>,
  copies: readonly { readonly name: string; readonly digest: string }[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select f.name from feed f join unnest($1::text[], $2::text[]) as c (name, digest) on c.name = f.name
     where f.validators->$3->>'etag' = c.digest and f.reader_version = $4 and f.last_success_at is not null`,
    [copies.map(({ name }) => name), copies.map(({ digest }) => digest), copyKey, readerVersion],
  );
  return new Set(rows.map(({ name }) => name));
}

/** Confirms a feed that is held as the copy has it, so that it need not be read; undefined: it is not. */
export async function confirmSameCopy(
  context: FeedContext,
  { name, source }: { readonly name: string; readonly source: Source },
): Promise<FeedOutcome | undefined> {
  const digest = context.digestOf(name);
  if (digest === undefined) return undefined;
  const same = await feedsHeldAs(context.client, [{ name, digest }]);
  if (!same.has(name)) return undefined;
  const { recordCount, validators } = await readFeedRow(context.client, name);
  await confirmFeed(context.client, {
    name,
    at: context.now(),
    confirmedAt: context.confirmedAt(name),
    source: source.address,
    validators,
  });
  return { name, kind: 'unchanged', records: recordCount, skipped: 0 };
}

/** Notes that what is held is what the copy has; nothing where a record of it could not be read. */
export async function noteCopy(context: FeedContext, { name, kind, skipped }: FeedOutcome): Promise<void> {
  const digest = context.digestOf(name);
  if (digest === undefined || kind === 'failed' || skipped > 0) return;
  const validators = JSON.stringify({ [copyKey]: { etag: digest } });
  await context.client.query('update feed set validators = $2 where name = $1', [name, validators]);
}
