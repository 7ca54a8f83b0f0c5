import pg from 'pg';
import type { DatabaseConnection } from '../../database/database.ts';
import { feedNames, isEcosystemFeed } from '../feed-names.ts';
import { AdvisoryStage } from './advisory-stage.ts';
import { CveStage } from './cve-stage.ts';
import { readEcosystemList } from './ecosystem-list.ts';
import { importExploitPredictions } from './exploit-prediction-feed.ts';
import type { FeedContext, SyncProgress } from './feed-context.ts';
import { FeedRefusedError, FeedUnreachableError } from './feed-errors.ts';
import { refuseOlder } from './feed-guards.ts';
import { readFeedRow, writeAppliedFeed, writeFailedAttempt } from './feed-row.ts';
import { importKnownExploited } from './known-exploited-feed.ts';
import { type Changes, joinChanges, readPendingChanges } from './pending-changes.ts';
import { importRecordFeed } from './record-feed.ts';
import { noRecordChanges } from './record-update.ts';
import { confirmSameCopy, noteCopy } from './same-copy.ts';
import { parseSource, type Source, sourceBelow } from './source.ts';
import { SourceReader, type SourceReaderOptions } from './source-reader.ts';
import { freeSyncLock, takeSyncLock } from './sync-lock.ts';
import type { FeedOutcome, SyncResult } from './sync-result.ts';
import type { SyncSources } from './sync-sources.ts';

export interface SyncOptions {
  readonly connection: DatabaseConnection;
  readonly sources: SyncSources<string | Source>;
  readonly now: () => Date;
  /** Ends the run within one batch; feeds that are already applied stay applied. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SyncProgress) => void;
  /** Called before anything is read, once no other replica synchronises: makes ready what the sources are to give. */
  readonly prepare?: () => Promise<void>;
  /** Follows what has changed, before another replica may synchronise. */
  readonly follow?: (changes: Changes) => Promise<void>;
  /** Only these feeds, by name; absent: all. */
  readonly only?: ReadonlySet<string>;
  /** Read every feed whole, whatever its list says. */
  readonly full?: boolean;
  /** Take over versions that are older or much smaller than what is held. */
  readonly force?: boolean;
  /**
   * When what a copy holds of a feed was last known to equal its origin; feeds that are held from a later instant are
   * refused then. Absent: the sources are asked themselves, and what they say is of now.
   */
  readonly confirmedAt?: (feed: string) => Date;
  /** Of the bytes that a copy has of a feed: one that is held as these bytes is confirmed and not read. */
  readonly digestOf?: (feed: string) => string | undefined;
  /** Limits and retries of reading; the defaults suit the public sources. */
  readonly reading?: Omit<SourceReaderOptions, 'signal'>;
}

/**
 * Brings all feeds up to date, each by itself in one transaction: a feed that fails keeps its last good version and
 * says why in table `feed` and in the result. Throws only when the database fails or the signal aborts.
 */
export async function syncAdvisories(options: SyncOptions): Promise<SyncResult> {
  const client = await options.connection.pool.connect();
  let reusable = false;
  try {
    if (!(await takeSyncLock(client))) {
      reusable = true;
      return { ...alreadyRunning };
    }
    await options.prepare?.();
    // A power cut may take back the last feeds, each as a whole, and the next synchronisation brings them again. Whatever is
    // committed durably behind them, as the end of this one is, makes them durable too.
    await client.query('set synchronous_commit = off');
    const { feeds, changes } = await syncFeeds(options, client);
    await client.query('reset synchronous_commit');
    await client.query('update feed_sync set ended_count = ended_count + 1');
    await freeSyncLock(client);
    reusable = true;
    return { alreadyRunning: false, feeds, ...changes };
  } finally {
    // A connection in an unknown state is closed, which frees the lock too, but some time after whoever waits for this goes on.
    if (!reusable) await freeSyncLock(client).catch(() => undefined);
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

function contextOf(options: SyncOptions, client: pg.ClientBase): FeedContext {
  const signal = options.signal ?? new AbortController().signal;
  return {
    client,
    reader: new SourceReader({ ...options.reading, signal }),
    signal,
    now: options.now,
    only: options.only,
    confirmedAt: options.confirmedAt ?? options.now,
    isCopy: options.confirmedAt !== undefined,
    digestOf: options.digestOf ?? (() => undefined),
    full: options.full ?? false,
    force: options.force ?? false,
    onProgress: options.onProgress ?? (() => {}),
  };
}

async function syncFeeds(
  options: SyncOptions,
  client: pg.ClientBase,
): Promise<{ readonly feeds: readonly FeedOutcome[]; readonly changes: Changes }> {
  const context = contextOf(options, client);
  const feeds: FeedOutcome[] = [];
  const add = (outcome: FeedOutcome | undefined) => {
    if (outcome !== undefined) feeds.push(outcome);
  };
  const { kev, epss, ...folders } = options.sources;
  await syncFolders(context, folders, add);
  if (kev !== undefined) {
    const one = (source: Source) => importKnownExploited(context, source);
    add(await syncFirst(context, { name: feedNames.kev, sources: [kev].flat().map(parseSource) }, one));
  }
  // No package is matched by probabilities, and reading them takes a while: scans that wait for matches go on.
  const followed = await followChanges(options);
  if (epss !== undefined) {
    const one = (source: Source) => importExploitPredictions(context, source);
    add(await syncFirst(context, { name: feedNames.epss, sources: [epss].flat().map(parseSource) }, one));
  }
  const changes = await followChanges(options);
  return { feeds, changes: options.follow === undefined ? changes : joinChanges(followed, changes) };
}

async function followChanges({ connection, follow }: SyncOptions): Promise<Changes> {
  const changes = await readPendingChanges(connection.db);
  await follow?.(changes);
  return changes;
}

type AddOutcome = (outcome: FeedOutcome | undefined) => void;

async function syncFolders(
  context: FeedContext,
  { roots, ecosystems }: SyncSources<string | Source>,
  add: AddOutcome,
): Promise<void> {
  const { only } = context;
  if (roots.length === 0 || (only !== undefined && ![...only].some(isOfMirrors))) return;
  const mirrors = await readMirrors(context, roots, add);
  if (mirrors.length === 0) return;
  for (const name of foldersOf(mirrors, ecosystems)) {
    add(await syncFolder(context, { name, roots: rootsOf(mirrors, name) }));
  }
  await noteUnlisted(context, mirrors, ecosystems, add);
  add(await syncFolder(context, { name: feedNames.cve, roots: mirrors.map((mirror) => mirror.root) }));
}

function isWanted({ only }: FeedContext, name: string): boolean {
  // Without the list, nobody knows which ecosystems there are.
  const isListed = isOfMirrors(name) && only?.has(feedNames.ecosystems) === true;
  return only === undefined || only.has(name) || isListed;
}

function isOfMirrors(name: string): boolean {
  return name !== feedNames.kev && name !== feedNames.epss;
}

/** The list of ecosystems has no versions. */
const nothingBefore = { version: 0, recordCount: 0 };

interface Mirror {
  readonly root: Source;
  readonly folders: readonly string[];
}

/** The mirrors that answer, in order. When none does, that is a failed attempt of every feed that is held. */
async function readMirrors(
  context: FeedContext,
  roots: readonly (string | Source)[],
  add: AddOutcome,
): Promise<readonly Mirror[]> {
  const beganAt = context.now();
  const mirrors: Mirror[] = [];
  const reasons: FailureReason[] = [];
  for (const root of roots.map(parseSource)) {
    try {
      mirrors.push({ root, folders: await readEcosystemList(context, root) });
    } catch (error) {
      reasons.push(reasonOf(context, error));
    }
  }
  const first = mirrors[0];
  if (first === undefined) {
    for (const name of [feedNames.ecosystems, ...(await heldFolders(context))]) {
      add(await fail(context, { name, beganAt, reasons }));
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
    beganAt,
    before: nothingBefore,
    changes: noRecordChanges,
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

/** Ecosystems that we hold and no mirror or bundle has any more are no longer kept up to date: that must show (threats.md F21). */
async function noteUnlisted(
  context: FeedContext,
  mirrors: readonly Mirror[],
  only: readonly string[] | undefined,
  add: AddOutcome,
): Promise<void> {
  const listed = new Set(mirrors.flatMap((mirror) => mirror.folders));
  for (const name of await heldFolders(context)) {
    if (name === feedNames.cve || listed.has(name) || !isWanted(context, name)) continue;
    if (only !== undefined && !only.includes(name)) continue;
    const message = context.isCopy
      ? 'the bundle does not hold this ecosystem any more'
      : 'no mirror lists this ecosystem any more';
    add(await fail(context, { name, beganAt: context.now(), reasons: [{ message, isUnreachable: false }] }));
  }
}

async function heldFolders(context: FeedContext): Promise<readonly string[]> {
  const { rows } = await context.client.query<{ name: string }>('select name from feed order by name');
  return rows.map((row) => row.name).filter((name) => isEcosystemFeed(name) || name === feedNames.cve);
}

async function syncFolder(
  context: FeedContext,
  { name, roots }: { readonly name: string; readonly roots: readonly Source[] },
): Promise<FeedOutcome | undefined> {
  const folders = roots.map((root) => sourceBelow(root, name));
  return await syncFirst(context, { name, sources: folders }, (folder) => {
    const stage = name === feedNames.cve ? new CveStage() : new AdvisoryStage(name);
    return importRecordFeed(context, { name, folder, stage });
  });
}

/** Tries the sources of a feed in turn until one gives a version that can be taken over. */
async function syncFirst(
  context: FeedContext,
  { name, sources }: { readonly name: string; readonly sources: readonly Source[] },
  importFrom: (source: Source) => Promise<FeedOutcome | undefined>,
): Promise<FeedOutcome | undefined> {
  if (!isWanted(context, name)) return undefined;
  const beganAt = context.now();
  const reasons: FailureReason[] = [];
  try {
    await refuseOlderCopy(context, name);
  } catch (error) {
    return await fail(context, { name, beganAt, reasons: [reasonOf(context, error)] });
  }
  for (const source of sources) {
    try {
      const same = await confirmSameCopy(context, { name, source });
      if (same !== undefined) return same;
      const outcome = await importFrom(source);
      if (outcome === undefined) continue;
      await noteCopy(context, outcome);
      return outcome;
    } catch (error) {
      reasons.push(reasonOf(context, error));
    }
  }
  return reasons.length === 0 ? undefined : await fail(context, { name, beganAt, reasons });
}

async function refuseOlderCopy(context: FeedContext, name: string): Promise<void> {
  if (!context.isCopy || context.force) return;
  const row = await readFeedRow(context.client, name);
  refuseOlder(name, row.confirmedAt, context.confirmedAt(name));
}

interface FailureReason {
  readonly message: string;
  readonly isUnreachable: boolean;
}

/** What to tell people of a failure that concerns one feed; anything that concerns more is rethrown. */
function reasonOf(context: FeedContext, error: unknown): FailureReason {
  context.signal.throwIfAborted();
  if (error instanceof FeedUnreachableError) return { message: error.message, isUnreachable: true };
  if (error instanceof FeedRefusedError) return { message: error.message, isUnreachable: false };
  // Classes 22 and 23 of PostgreSQL's error codes: this feed's data cannot be stored; the connection is sound.
  if (error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? '')) {
    return { message: `the database refuses a record (SQLSTATE ${error.code})`, isUnreachable: false };
  }
  throw error;
}

interface FailedFeed {
  readonly name: string;
  readonly beganAt: Date;
  /** One for each source. */
  readonly reasons: readonly FailureReason[];
}

async function fail(context: FeedContext, { name, beganAt, reasons }: FailedFeed): Promise<FeedOutcome> {
  const error = reasons.map(({ message }) => message).join('; ');
  const isUnreachable = reasons.some((reason) => reason.isUnreachable);
  const at = context.now();
  const { recordCount } = await writeFailedAttempt(context.client, {
    name,
    beganAt,
    at,
    error,
    isUnreachable,
  });
  const outcome = { name, kind: 'failed', records: recordCount, skipped: 0, error } as const;
  return isUnreachable ? { ...outcome, isUnreachable } : outcome;
}
