import { sql } from 'kysely';
import type { Database } from '../database/database.ts';

/** Rows of one statement: bounds how long it takes. */
const rowsAtOnce = 10_000;

/** Kinds that images and advisories cause, not people: many, and of no use when they are old. All others are the audit log. */
export const noticeKinds: readonly string[] = [
  'pull.blocked',
  'pull.warned',
  'findings.changed',
  'garbage.freed',
  'denials.dropped',
];

/**
 * Removes the oldest events: notices after some days, those of the audit log after some more; 0 keeps them for ever.
 * Returns how many; others may be left.
 */
export async function forgetEvents(
  db: Database,
  options: { readonly noticeDays: number; readonly auditDays: number },
): Promise<number> {
  const ofNotices = await forget(db, options.noticeDays, sql`kind = any(${noticeKinds}::text[])`);
  const ofAudit = await forget(db, options.auditDays, sql`kind <> all(${noticeKinds}::text[])`);
  return ofNotices + ofAudit;
}

async function forget(db: Database, days: number, which: ReturnType<typeof sql>): Promise<number> {
  if (days === 0) return 0;
  const { numAffectedRows } = await sql`
    delete from event where id in (
      select id from event where at < now() - ${days} * interval '1 day' and ${which} order by at limit ${rowsAtOnce})`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0n);
}
