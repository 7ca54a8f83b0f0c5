import { type RawBuilder, sql } from 'kysely';

/**
 * Why a scan is queued. `asked`: somebody asked for it; `pushed`: it was pushed; `policy`: a policy needs it;
 * `signatures`: malware is to be looked for again; `distribution`: its packages are called otherwise now.
 */
export type ScanReason = 'asked' | 'pushed' | 'policy' | 'signatures' | 'distribution';

/**
 * Waiting scans stand in two lines, one behind the other: those that somebody may wait for, and those in bulk. A place
 * is the priority of the job, which is an `int2`: lower runs first.
 */
const lines: Readonly<Record<ScanReason, { readonly first: number; readonly last: number }>> = {
  asked: { first: 0, last: 15_999 },
  pushed: { first: 0, last: 15_999 },
  policy: { first: 16_000, last: 31_999 },
  signatures: { first: 16_000, last: 31_999 },
  distribution: { first: 16_000, last: 31_999 },
};

/**
 * The place at which a namespace's next scan of that reason stands, by start-time fair queueing: behind its own last one,
 * and not before the one that is next of all. So a namespace with nothing waiting is served next, whatever waits for
 * others (threats.md F27). Both are one look into an index. Two transactions at once may get the same place: neither
 * waits for the other, and one of them is served one turn early. Where more wait than there are places, the last is
 * shared, and who comes new gets one of the first half, before them.
 */
export function firstPlace(reason: ScanReason, namespaceId: RawBuilder<unknown>) {
  const { first, last } = lines[reason];
  const waiting = sql`image_scan s where s.category = 'vulnerabilities' and s.state = 'queued'
    and s.place between ${first} and ${last}`;
  return sql`greatest(
    least((select coalesce(min(s.place), ${first}) from ${waiting}), ${Math.floor((first + last) / 2)}),
    (select max(s.place) + 1 from ${waiting}
      and s.place_namespace_id = ${namespaceId} and s.place_reason = ${reason}))`;
}

/** The place of a namespace's `nth` scan (from 0) of those that are queued together. */
export function placeFrom(reason: ScanReason, start: RawBuilder<unknown>, nth: RawBuilder<unknown>) {
  return sql`least(${start} + ${nth}, ${lines[reason].last})`;
}
