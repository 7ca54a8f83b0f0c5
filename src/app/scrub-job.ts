import type { Logger } from 'pino';
import { recordEvent } from '../accounts/events.ts';
import type { MetricSet } from '../edge/metric-set.ts';
import type { JobHandler, JobSchedule } from '../jobs/queue.ts';
import { type ScrubOptions, scrubPass } from '../upkeep/scrub.ts';
import type { Installation } from './installation.ts';

export const scrubJobKind = 'scrub';
export const scrubSchedule: JobSchedule = { kind: scrubJobKind, cron: '* * * * *' };

/** Reads what is due of the stored blobs again; damage becomes an event, a metric and a line of the log. */
export function scrubJob(
  { connection: { db } }: Installation,
  options: {
    readonly store: ScrubOptions['store'];
    readonly logger: Logger;
    readonly metrics: MetricSet;
  },
): JobHandler {
  const { store, logger, metrics } = options;
  const blobs = metrics.counter({
    name: 'pratique_scrubbed_blobs_total',
    help: 'Stored blobs that were read and hashed again, by result',
  });
  const bytes = metrics.counter({
    name: 'pratique_scrubbed_bytes_total',
    help: 'Bytes that were read for it',
  });
  for (const result of ['sound', 'damaged', 'unreadable']) blobs.add({ result }, 0);
  metrics.gauge(
    {
      name: 'pratique_damaged_blobs',
      help: 'Stored blobs that are not what their digest says; a push repairs them',
    },
    async () => {
      const { count } = await db
        .selectFrom('blob')
        .where('damaged_at', 'is not', null)
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      return [{ value: count }];
    },
  );
  return async (_payload, { signal }) => {
    const { soundCount, readBytes, damaged, unreadable } = await scrubPass({ db, store }, signal);
    blobs.add({ result: 'sound' }, soundCount);
    blobs.add({ result: 'damaged' }, damaged.length);
    blobs.add({ result: 'unreadable' }, unreadable.length);
    bytes.add({}, readBytes);
    for (const { digest, problem, holders } of damaged) {
      logger.error(
        { digest, holders },
        `a stored blob ${problem}: it is not served any more until it is pushed again`,
      );
      const details = { problem, holders };
      await recordEvent(db, { kind: 'blob.damaged', actor: 'system', subject: digest, details });
    }
    for (const { digest, error } of unreadable) {
      logger.error({ digest, err: error }, 'cannot read a stored blob');
    }
  };
}
