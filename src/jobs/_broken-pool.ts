import type { WorkerEvents } from 'graphile-worker';

/**
 * Settles, with the reason, when a pool of workers could not write down how a job ended, and none of `tasks` runs any
 * more. graphile-worker then means to end the pool, and never does (0.17.3) where two jobs met the same outage: it waits
 * for its count of what is still to be written to be 0, and has counted below.
 */
export async function brokenPool(events: WorkerEvents, tasks: ReadonlySet<Promise<void>>): Promise<unknown> {
  const reason = await new Promise<unknown>((resolve) => {
    events.once('pool:fatalError', ({ error }) => resolve(error));
  });
  while (tasks.size > 0) await Promise.allSettled(tasks);
  return reason;
}
