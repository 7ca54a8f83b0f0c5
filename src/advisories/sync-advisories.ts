import pg from 'pg';
import type { DatabaseConnection } from '../database/database.ts';
import { AdvisoryStage } from './advisory-stage.ts';
import { CveStage } from './cve-stage.ts';
import { readEcosystemList } from './ecosystem-list.ts';
import { importExploitPredictions } from './exploit-prediction-feed.ts';
import type { FeedContext, SyncProgress } from './feed-context.ts';
import { FeedRefusedError, FeedUnreachableError } from './feed-errors.ts';
import { refuseOlder } from './feed-guards.ts';
import { feedNames, isEcosystemFeed } from './feed-names.ts';
import { readFeedRow, writeAppliedFeed, writeFailedAttempt } from './feed-row.ts';
import { importKnownExploited } from './known-exploited-feed.ts';
import { readPendingChanges } from './pending-changes.ts';
import { importRecordFeed } from './record-feed.ts';
import { parseSource, type Source, sourceBelow } from './source.ts';
import { SourceReader, type SourceReaderOptions } from './source-reader.ts';
import type { FeedOutcome, SyncResult } from './sync-result.ts';
import type { SyncSources } from './sync-sources.ts';

export interface SyncOptions {
  readonly connection: DatabaseConnection;
  readonly sources: SyncSources<string | Source>;
  readonly now: () => Date;
  /** Ends the run within one batch; feeds that are already applied stay applied. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SyncProgress) => void;
  /** Read every feed whole, whatever its list says. */
  readonly full?: boolean;
  /** Take over versions that are older or much smaller than what is held. */
  readonly force?: boolean;
  /**
   * When what a copy holds of a feed was last known to equal its origin; feeds that are held from a later instant are
   * refused then. Absent: the sources are asked themselves, and what they say is of now.
   */
  readonly confirmedAt?: (feed: string) => Date;
  /** Limits and retries of reading; the defaults suit the public sources. */
  readonly reading?: Omit<SourceReaderOptions, 'signal'>;
}

/** The key of the lock that lets one replica of an installation synchronise at a time. */
const lockKey = `hashtextextended('pratique advisory synchronisation', 0)`;

/**
 * Brings all feeds up to date, each by itself in one transaction: a feed that fails keeps its last good version and
 * says why in table `feed` and in the result. Throws only when the database fails or the signal aborts.
 */
export async function syncAdvisories(options: SyncOptions): Promise<SyncResult> {
  const client = await options.connection.pool.connect();
  let reusable = false;
  try {
    if (!(await takeLock(client))) {
      reusable = true;
      return { ...alreadyRunning };
    }
    const feeds = await syncFeeds(contextOf(options, client), options.sources);
    await client.query(`select pg_advisory_unlock(${lockKey})`);
    reusable = true;
    return { alreadyRunning: false, feeds, ...(await readPendingChanges(options.connection.db)) };
  } finally {
    // A connection in an unknown state is closed, which frees the lock too.
    client.release(!reusable);
  }
}

const alreadyRunning: SyncResult = {
  alreadyRunning: true,
  feeds: [],
  changedAdvisoryIds: [],
  changedCves: [],
  changedPackages: [],
};

async function takeLock(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${lockKey}) as taken`);
  return rows[0]?.taken === true;
}

function contextOf(options: SyncOptions, client: pg.ClientBase): FeedContext {
  const signal = options.signal ?? new AbortController().signal;
  return {
    client,
    reader: new SourceReader({ ...options.reading, signal }),
    signal,
    now: options.now,
    confirmedAt: options.confirmedAt ?? options.now,
    isCopy: options.confirmedAt !== undefined,
    full: options.full ?? false,
    force: options.force ?? false,
    onProgress: options.onProgress ?? (() => {}),
  };
}

async function syncFeeds(
  context: FeedContext,
  sources: SyncSources<string | Source>,
): Promise<readonly FeedOutcome[]> {
  const outcomes: FeedOutcome[] = [];
  const add = (outcome: FeedOutcome | undefined) => {
    if (outcome !== undefined) outcomes.push(outcome);
  };
  const mirrors = await readMirrors(context, sources.roots, add);
  for (const name of foldersOf(mirrors, sources.ecosystems)) {
    add(await syncFolder(context, { name, roots: rootsOf(mirrors, name) }));
  }
  if (mirrors.length > 0) {
    await noteUnlisted(context, mirrors, sources.ecosystems, add);
    add(await syncFolder(context, { name: feedNames.cve, roots: mirrors.map((mirror) => mirror.root) }));
  }
  const { kev, epss } = sources;
  if (kev !== undefined) {
    add(await attempt(context, feedNames.kev, () => importKnownExploited(context, parseSource(kev))));
  }
  if (epss !== undefined) {
    add(await attempt(context, feedNames.epss, () => importExploitPredictions(context, parseSource(epss))));
  }
  return outcomes;
}

interface Mirror {
  readonly root: Source;
  readonly folders: readonly string[];
}

/** The mirrors that answer, in order. When none does, that is a failed attempt of every feed that is held. */
async function readMirrors(
  context: FeedContext,
  roots: readonly (string | Source)[],
  add: (outcome: FeedOutcome | undefined) => void,
): Promise<readonly Mirror[]> {
  const mirrors: Mirror[] = [];
  const errors: string[] = [];
  for (const root of roots.map(parseSource)) {
    try {
      mirrors.push({ root, folders: await readEcosystemList(context, root) });
    } catch (error) {
      errors.push(reasonOf(context, error));
    }
  }
  const first = mirrors[0];
  if (first === undefined) {
    const error = errors.length === 0 ? 'no mirror is configured' : errors.join('; ');
    for (const name of [feedNames.ecosystems, ...(await heldFolders(context))]) {
      add(await fail(context, name, error));
    }
    return [];
  }
  await writeAppliedFeed(context.client, {
    name: feedNames.ecosystems,
    at: context.now(),
    confirmedAt: context.confirmedAt(feedNames.ecosystems),
    source: first.root.address,
    validators: {},
    recordCount: new Set(mirrors.flatMap((mirror) => mirror.folders)).size,
    newestRecordAt: undefined,
    skippedCount: 0,
    changed: false,
  });
  return mirrors;
}

function foldersOf(mirrors: readonly Mirror[], only: readonly string[] | undefined): readonly string[] {
  const folders = [...new Set(mirrors.flatMap((mirror) => mirror.folders))];
  return only === undefined ? folders : folders.filter((name) => only.includes(name));
}

function rootsOf(mirrors: readonly Mirror[], folder: string): readonly Source[] {
  return mirrors.filter((mirror) => mirror.folders.includes(folder)).map((mirror) => mirror.root);
}

/** Ecosystems that we hold and no mirror lists any more are no longer kept up to date: that must show (threats.md F21). */
async function noteUnlisted(
  context: FeedContext,
  mirrors: readonly Mirror[],
  only: readonly string[] | undefined,
  add: (outcome: FeedOutcome | undefined) => void,
): Promise<void> {
  const listed = new Set(mirrors.flatMap((mirror) => mirror.folders));
  for (const name of await heldFolders(context)) {
    if (name === feedNames.cve || listed.has(name)) continue;
    if (only !== undefined && !only.includes(name)) continue;
    add(await fail(context, name, 'no mirror lists this ecosystem any more'));
  }
}

async function heldFolders(context: FeedContext): Promise<readonly string[]> {
  const { rows } = await context.client.query<{ name: string }>('select name from feed order by name');
  return rows.map((row) => row.name).filter((name) => isEcosystemFeed(name) || name === feedNames.cve);
}

/** Tries the mirrors in turn until one gives a version that can be taken over. */
async function syncFolder(
  context: FeedContext,
  folder: { readonly name: string; readonly roots: readonly Source[] },
): Promise<FeedOutcome | undefined> {
  const { name } = folder;
  return await attempt(context, name, async () => {
    const errors: string[] = [];
    for (const root of folder.roots) {
      try {
        const stage = name === feedNames.cve ? new CveStage() : new AdvisoryStage(name);
        const outcome = await importRecordFeed(context, { name, folder: sourceBelow(root, name), stage });
        if (outcome !== undefined) return outcome;
      } catch (error) {
        errors.push(reasonOf(context, error));
      }
    }
    if (errors.length > 0) throw new FeedFailedError(errors.join('; '));
    return undefined;
  });
}

/** No mirror gave a usable version; the message holds each one's reason. */
class FeedFailedError extends Error {}

async function attempt(
  context: FeedContext,
  name: string,
  work: () => Promise<FeedOutcome | undefined>,
): Promise<FeedOutcome | undefined> {
  try {
    await refuseOlderCopy(context, name);
    return await work();
  } catch (error) {
    return await fail(context, name, reasonOf(context, error));
  }
}

async function refuseOlderCopy(context: FeedContext, name: string): Promise<void> {
  if (!context.isCopy || context.force) return;
  const row = await readFeedRow(context.client, name);
  refuseOlder(name, row.confirmedAt, context.confirmedAt(name));
}

/** What to tell people of a failure that concerns one feed; anything that concerns more is rethrown. */
function reasonOf(context: FeedContext, error: unknown): string {
  context.signal.throwIfAborted();
  if (
    error instanceof FeedRefusedError ||
    error instanceof FeedUnreachableError ||
    error instanceof FeedFailedError
  ) {
    return error.message;
  }
  // Classes 22 and 23 of PostgreSQL's error codes: this feed's data cannot be stored; the connection is sound.
  if (error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? '')) {
    return `the database refuses a record: ${error.message}`;
  }
  throw error;
}

async function fail(context: FeedContext, name: string, error: string): Promise<FeedOutcome> {
  await writeFailedAttempt(context.client, { name, at: context.now(), error });
  const { recordCount } = await readFeedRow(context.client, name);
  return { name, kind: 'failed', records: recordCount, skipped: 0, error };
}
