import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { notify } from '../database/notifications.ts';
import type { ScanProblem } from '../report/scan-state.ts';

/** Six missed signs of life; long enough for the queue to hand the job to another worker. */
const silenceSecondsMax = 60;

const problem: ScanProblem = {
  phase: 'scan',
  reason: 'the worker that scanned it died each time it tried',
  remedy: 'Scan it again; if it fails again, give the server more memory and report the image',
};

/**
 * Parks scans whose worker was killed in the last attempt, so that no state stays "scanning" for ever (threats.md F26).
 * One whose job still waits for another attempt goes back to scanning when that runs. Returns how many.
 */
export async function settleAbandonedScans(db: Database): Promise<number> {
  const { rows } = await sql<{ digest: string }>`
    with led as (
      update image_scan set state = case when cancel_requested then 'cancelled' else 'failed' end,
        problem = ${JSON.stringify(problem)}::jsonb, finished_at = now()
      where category = 'vulnerabilities' and state = 'scanning'
        and coalesce(touched_at, started_at) < now() - ${silenceSecondsMax} * interval '1 second'
      returning manifest_digest as digest, state, problem, finished_at),
    others as (
      update image_scan o set state = led.state, problem = led.problem, finished_at = led.finished_at
      from led where o.manifest_digest = led.digest and o.category <> 'vulnerabilities')
    select digest from led`.execute(db);
  for (const { digest } of rows) {
    await notify(db, 'pratique_facts', `image:${digest}`);
    await notify(db, 'pratique_scan', digest);
  }
  return rows.length;
}
