import { FeedRefusedError } from './feed-errors.ts';

const shrinkShareMax = 0.3;
/** So many records may vanish from a feed of however few: a renamed one of two must not stop it for ever. */
const lostRecordsMax = 3;
/** So many records may go back in time while none moves on: corrections. More of them are an older version. */
const correctedRecordsMax = 3;
/** From here on other records soon are newer than one that was dated back, and a feed whose newest went back is older. */
const fewRecordsMax = 9;
const badShareMax = 0.1;
const badCountMin = 5;

/** What to do where the refused version is right after all. */
const forced = 'if it is right, "pratique advisories sync --force" ("import --force" for a bundle) takes it';

/**
 * Refuses an empty version, and one with over 30 % and more than three fewer records than held: a part must not pass for the
 * whole (threats.md F21). From ten records on, 30 % alone decide.
 */
export function refuseShrunk(feed: { address: string; held: number; offered: number }): void {
  const { address, held, offered } = feed;
  if (held === 0 || offered >= held) return;
  const lost = held - offered;
  if (offered > 0 && (lost <= lostRecordsMax || lost / held <= shrinkShareMax)) return;
  throw new FeedRefusedError(
    address,
    `it must hold at least ${100 - shrinkShareMax * 100} % of the ${held} records held, got ${offered}; ${forced}`,
  );
}

/**
 * Refuses an older version of the feed (threats.md F22): some record went back in time and the newest one is older than ours, or
 * more records went back than moved on. Records dated after `now` are no measure of a version's age: one that every
 * version has would hide that the others went back, and one that is corrected must not make all later versions older. The
 * newest record alone may vanish. Of a feed of fewer than ten, up to three may be dated back, the newest as well, while none is
 * missing and another stays.
 */
export function refuseRolledBack(feed: {
  address: string;
  /** By id, in milliseconds since 1970, as in `offered`. */
  held: ReadonlyMap<string, number>;
  offered: ReadonlyMap<string, number>;
  now: Date;
}): void {
  const { address, held, offered, now } = feed;
  const [newestHeld, newestOffered] = [newestOf(held, now), newestOf(offered, now)];
  let [back, forward] = [0, 0];
  for (const [id, offeredMs] of offered) {
    const heldMs = held.get(id);
    if (offeredMs > (heldMs ?? newestHeld)) forward += 1;
    else if (heldMs !== undefined && offeredMs < heldMs) back += 1;
  }
  const isOlder = back > 0 && newestOffered < newestHeld && !isCorrected({ held, offered, now, back });
  if (!isOlder && back <= Math.max(correctedRecordsMax, forward)) return;
  const got = `newest ${isoOf(newestOffered)}, ${back} records that went back in time and ${forward} that moved on`;
  throw new FeedRefusedError(
    address,
    `it must not be older than what is held (newest ${isoOf(newestHeld)}), got ${got}; ${forced}`,
  );
}

/** Some records of a small feed were dated back, and nothing else says that this version is older. */
function isCorrected(feed: {
  held: ReadonlyMap<string, number>;
  offered: ReadonlyMap<string, number>;
  now: Date;
  back: number;
}): boolean {
  const { held, offered, now, back } = feed;
  if (held.size > fewRecordsMax || back > correctedRecordsMax) return false;
  const all = [...held];
  const isComplete = all.every(([id]) => offered.has(id));
  const stays = ([id, heldMs]: readonly [string, number]) =>
    heldMs <= now.getTime() && (offered.get(id) ?? Number.NEGATIVE_INFINITY) >= heldMs;
  return isComplete && all.some(stays);
}

function newestOf(instants: ReadonlyMap<string, number>, now: Date): number {
  const nowMs = now.getTime();
  let newest = Number.NEGATIVE_INFINITY;
  for (const at of instants.values()) if (at > newest && at <= nowMs) newest = at;
  return newest;
}

function isoOf(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : 'none';
}

/** Refuses a feed of one file that states an earlier instant than the one held; one that states none is taken. */
export function refuseOlder(address: string, heldAt: Date | undefined, offeredAt: Date | undefined): void {
  if (heldAt === undefined || offeredAt === undefined || offeredAt >= heldAt) return;
  throw new FeedRefusedError(
    address,
    `it must not be older than what is held (${heldAt.toISOString()}), got ${offeredAt.toISOString()}; ${forced}`,
  );
}

const aheadMsMax = 24 * 3_600_000;

/** Refuses a feed of one file that states an instant to come: it would look fresh until then, and nothing newer could follow (threats.md F22). */
export function refuseAhead(address: string, offeredAt: Date | undefined, now: Date): void {
  if (offeredAt === undefined || offeredAt.getTime() - now.getTime() <= aheadMsMax) return;
  throw new FeedRefusedError(
    address,
    `it must not be of the future (now ${now.toISOString()}), got ${offeredAt.toISOString()}: look at this machine's clock; ${forced}`,
  );
}

export interface BadRecords {
  readonly count: number;
  /** The first few, for people. */
  readonly examples: readonly string[];
}

/** Refuses a version of which over 10 % cannot be read: its format is not ours (threats.md F20 "wrong schema"). */
export function refuseUnreadable(feed: { address: string; offered: number; bad: BadRecords }): void {
  const { address, offered, bad } = feed;
  if (bad.count === offered && offered > 0) throw unreadable(address, offered, bad);
  if (bad.count >= badCountMin && bad.count > offered * badShareMax) throw unreadable(address, offered, bad);
}

function unreadable(address: string, offered: number, bad: BadRecords): FeedRefusedError {
  return new FeedRefusedError(
    address,
    `at least 90 % of its ${offered} records must be readable, got ${bad.count} bad ones: ${bad.examples.join('; ')}`,
  );
}
