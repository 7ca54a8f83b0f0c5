import { feedNames } from '../feed-names.ts';
import { titleOfRecord } from '../osv/osv-record.ts';
import { type RawRecord, zipRecords } from '../osv/zip-records.ts';
import { inTransaction } from './_transaction.ts';
import type { FeedContext } from './feed-context.ts';
import { FeedRefusedError } from './feed-errors.ts';
import { type BadRecords, refuseRolledBack, refuseShrunk, refuseUnreadable } from './feed-guards.ts';
import { confirmFeed, type FeedRow, readerVersion, readFeedRow, writeAppliedFeed } from './feed-row.ts';
import { fetchRecords } from './fetch-records.ts';
import { parseModifiedList } from './modified-list.ts';
import type { RecordStage } from './record-stage.ts';
import { countChanges } from './record-update.ts';
import { type Source, sourceBelow } from './source.ts';
import type { Validators } from './source-reader.ts';
import type { FeedOutcome } from './sync-result.ts';

/** One folder of a mirror: `all.zip`, `modified_id.csv` and `<ID>.json`. */
export interface RecordFeed {
  readonly name: string;
  readonly folder: Source;
  readonly stage: RecordStage;
}

const zipBytesMax = 4 * 2 ** 30;
const listBytesMax = 512 * 2 ** 20;
const batchRecordsMax = 2_000;
/** Records of some ecosystems are large: a batch is bounded in bytes as well, and with it our memory. */
const batchBytesMax = 8 * 2 ** 20;
/** Above either, one zip is cheaper for the mirror and for us than the single files. */
const singleFilesMax = 500;
const changedShareMax = 0.2;
const badExamplesMax = 3;

/**
 * Brings one feed up to date: whole the first time, then only what its list says has changed. All of it is applied in
 * one transaction or nothing is. Undefined when the mirror has no such folder and none was ever held.
 * Throws FeedUnreachableError or FeedRefusedError; what is held then stays in force.
 */
export async function importRecordFeed(
  context: FeedContext,
  feed: RecordFeed,
): Promise<FeedOutcome | undefined> {
  const row = await readFeedRow(context.client, feed.name);
  const before = { row, beganAt: context.now() };
  if (row.held && !context.full && row.readerVersion === readerVersion) {
    const outcome = await importChanges(context, feed, before);
    if (outcome !== undefined) return outcome;
  }
  return await importWhole(context, feed, before);
}

/** What was held when the update began. */
interface Before {
  readonly row: FeedRow;
  readonly beganAt: Date;
}

/** Undefined when the changes cannot be told, or are too many, so that the whole feed must be read. */
async function importChanges(
  context: FeedContext,
  feed: RecordFeed,
  { row, beganAt }: Before,
): Promise<FeedOutcome | undefined> {
  const source = sourceBelow(feed.folder, 'modified_id.csv');
  const known = row.validators[source.address];
  context.onProgress({ feed: feed.name, phase: 'check', records: 0 });
  const list = await context.reader.read(source, {
    bytesMax: listBytesMax,
    ...(known === undefined ? {} : { unlessLike: known }),
  });
  if (list.kind === 'missing') return undefined;
  if (list.kind === 'not-modified') return await confirm(context, feed, row, row.validators);

  const held = await feed.stage.readHeld(context.client);
  const listed = parseModifiedList(source.address, list.bytes.toString('utf8'));
  if (!context.force) {
    refuseShrunk({ address: source.address, held: held.size, offered: listed.size });
    refuseRolledBack({ address: source.address, held, offered: listed, now: context.now() });
  }
  const changed = changedSince(held, listed);
  const validators = { [source.address]: list.validators };
  const vanished = [...held.keys()].some((id) => !listed.has(id));
  if (changed.length === 0 && !vanished) return await confirm(context, feed, row, validators);
  if (changed.length > singleFilesMax || changed.length > held.size * changedShareMax) return undefined;

  context.onProgress({ feed: feed.name, phase: 'download', records: changed.length });
  const records = await fetchRecords(
    context,
    feed.folder,
    changed.map(([id]) => id),
  );
  if (records === undefined) return undefined;
  return await applyRecords(context, feed, {
    row,
    beganAt,
    records,
    listed,
    held,
    validators,
    source: feed.folder.address,
  });
}

/** What is listed at another date than it is held: an earlier one that the guards let pass is a correction. */
function changedSince(
  held: ReadonlyMap<string, number>,
  listed: ReadonlyMap<string, number>,
): readonly (readonly [id: string, atMs: number])[] {
  return [...listed].filter(([id, at]) => at !== held.get(id));
}

async function confirm(
  context: FeedContext,
  feed: RecordFeed,
  row: FeedRow,
  validators: Readonly<Record<string, Validators>>,
): Promise<FeedOutcome> {
  const { name } = feed;
  await confirmFeed(context.client, {
    name,
    at: context.now(),
    confirmedAt: context.confirmedAt(name),
    source: feed.folder.address,
    validators,
  });
  return { name, kind: 'unchanged', records: row.recordCount, skipped: 0 };
}

async function importWhole(
  context: FeedContext,
  feed: RecordFeed,
  { row, beganAt }: Before,
): Promise<FeedOutcome | undefined> {
  const source = sourceBelow(feed.folder, 'all.zip');
  context.onProgress({ feed: feed.name, phase: 'download', records: 0 });
  const opened = await context.reader.open(source, { bytesMax: zipBytesMax });
  if (opened.kind !== 'ok') {
    if (!row.held && feed.name === feedNames.cve) return undefined; // the one folder that a mirror may lack
    throw new FeedRefusedError(source.address, 'the mirror must have it, got "not found"');
  }
  await using file = opened;
  return await applyRecords(context, feed, {
    row,
    beganAt,
    records: zipRecords({ address: source.address, file: file.file, sizeBytes: file.sizeBytes }),
    source: source.address,
  });
}

interface RecordsToApply {
  readonly beganAt: Date;
  readonly row: FeedRow;
  readonly records: AsyncIterable<RawRecord> | Iterable<RawRecord>;
  /** Everything the mirror has, when `records` are only the changes, and everything that is held of it. */
  readonly listed?: ReadonlyMap<string, number>;
  readonly held?: ReadonlyMap<string, number>;
  /** Stored when every record came out as the list says. */
  readonly validators?: Readonly<Record<string, Validators>>;
  readonly source: string;
}

async function applyRecords(
  context: FeedContext,
  feed: RecordFeed,
  update: RecordsToApply,
): Promise<FeedOutcome> {
  return await inTransaction(context.client, async () => {
    const staging = await stageRecords(context, feed, update.records);
    const held = update.held ?? (await feed.stage.readHeld(context.client));
    if (update.listed === undefined) judgeWhole(context, { address: update.source, held, staging });
    const kept = update.listed ?? staging.offered;
    const gone = [...held.keys()].filter((id) => !kept.has(id));
    context.onProgress({ feed: feed.name, phase: 'apply', records: staging.read.size });
    const rewrite = update.row.held && update.row.readerVersion !== readerVersion;
    const changes = await feed.stage.apply(context.client, { feed: feed.name, rewrite, gone });
    const totals = await feed.stage.readTotals(context.client);
    context.signal.throwIfAborted();
    const complete = staging.bad.count === 0 && isAsListed(staging.read, update.listed);
    await writeAppliedFeed(context.client, {
      name: feed.name,
      at: context.now(),
      confirmedAt: context.confirmedAt(feed.name),
      source: update.source,
      validators: complete ? (update.validators ?? {}) : {},
      recordCount: totals.records,
      newestRecordAt: totals.newestAt,
      skippedCount: staging.bad.count,
      beganAt: update.beganAt,
      before: update.row,
      changes,
    });
    return {
      name: feed.name,
      kind: countChanges(changes) > 0 || !update.row.held ? 'updated' : 'unchanged',
      records: totals.records,
      skipped: staging.bad.count,
      ...(staging.bad.count === 0 ? {} : { error: `skipped ${staging.bad.examples.join('; ')}` }),
    };
  });
}

interface Staging {
  /** Ids of all files, also of those that could not be read: their held version stays. */
  readonly offered: ReadonlySet<string>;
  /** Instants of those that could. */
  readonly read: ReadonlyMap<string, number>;
  readonly bad: BadRecords;
}

async function stageRecords(
  context: FeedContext,
  feed: RecordFeed,
  records: RecordsToApply['records'],
): Promise<Staging> {
  const offered = new Set<string>();
  const read = new Map<string, number>();
  const bad: string[] = [];
  let badCount = 0;
  let batch = { records: 0, bytes: 0 };
  await feed.stage.begin(context.client);
  // The server takes in one batch while the next is being read here.
  let sending: Promise<void> = Promise.resolve();
  for await (const raw of records) {
    const staged = offered.has(raw.id)
      ? ({ kind: 'bad', id: raw.id, reason: 'it comes twice' } as const)
      : feed.stage.add(raw);
    offered.add(raw.id);
    if (staged.kind === 'bad') {
      badCount += 1;
      if (bad.length < badExamplesMax) bad.push(`${titleOfRecord(staged.id)}: ${staged.reason}`);
      continue;
    }
    read.set(staged.id, staged.modifiedAtMs);
    batch = { records: batch.records + 1, bytes: batch.bytes + raw.json.length };
    if (batch.records < batchRecordsMax && batch.bytes < batchBytesMax) continue;
    batch = { records: 0, bytes: 0 };
    context.signal.throwIfAborted();
    context.onProgress({ feed: feed.name, phase: 'read', records: read.size });
    await sending;
    sending = feed.stage.flush(context.client);
    sending.catch(() => {}); // awaited before the next batch, where it throws
  }
  await sending;
  await feed.stage.flush(context.client);
  return { offered, read, bad: { count: badCount, examples: bad } };
}

function judgeWhole(
  { force, now }: FeedContext,
  {
    address,
    held,
    staging,
  }: { readonly address: string; readonly held: ReadonlyMap<string, number>; readonly staging: Staging },
): void {
  if (staging.offered.size === 0) throw new FeedRefusedError(address, 'it must hold records, got none');
  refuseUnreadable({ address, offered: staging.offered.size, bad: staging.bad });
  if (force) return;
  refuseShrunk({ address, held: held.size, offered: staging.offered.size });
  refuseRolledBack({ address, held, offered: staging.read, now: now() });
}

/** A mirror may list a change before it serves it: then the list must be read again next time. */
function isAsListed(
  read: ReadonlyMap<string, number>,
  listed: ReadonlyMap<string, number> | undefined,
): boolean {
  return listed !== undefined && [...read].every(([id, at]) => at === (listed.get(id) ?? at));
}
