import { FeedRefusedError } from './feed-errors.ts';

/** A feed below this size may shrink as it likes: one record is a large share of it. */
const shrinkGuardRecordsMin = 10;
const shrinkShareMax = 0.3;
const badShareMax = 0.1;
const badCountMin = 5;

/** Refuses an empty version, and one with over 30 % fewer records than held: a part must not pass for the whole (threats.md F21). */
export function refuseShrunk(feed: { address: string; held: number; offered: number }): void {
  const { address, held, offered } = feed;
  if (held === 0 || offered >= held) return;
  const lostShare = (held - offered) / held;
  if (offered > 0 && (held < shrinkGuardRecordsMin || lostShare <= shrinkShareMax)) return;
  throw new FeedRefusedError(
    address,
    `it must hold at least ${100 - shrinkShareMax * 100} % of the ${held} records held, got ${offered}`,
  );
}

/**
 * Refuses an older version of the feed (threats.md F22): its newest record is older than ours and some record went
 * back in time. The newest record alone may vanish.
 */
export function refuseRolledBack(feed: {
  address: string;
  held: ReadonlyMap<string, number>;
  offered: ReadonlyMap<string, number>;
}): void {
  const { address, held, offered } = feed;
  const [newestHeld, newestOffered] = [newestOf(held), newestOf(offered)];
  if (newestOffered >= newestHeld) return;
  for (const [id, heldMs] of held) {
    if ((offered.get(id) ?? heldMs) < heldMs) {
      throw new FeedRefusedError(
        address,
        `it must not be older than what is held (newest ${isoOf(newestHeld)}), got newest ${isoOf(newestOffered)}`,
      );
    }
  }
}

function newestOf(instants: ReadonlyMap<string, number>): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const at of instants.values()) newest = Math.max(newest, at);
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
    `it must not be older than what is held (${heldAt.toISOString()}), got ${offeredAt.toISOString()}`,
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
