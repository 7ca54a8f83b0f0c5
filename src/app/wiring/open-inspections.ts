import { InspectionError } from '../../inspection/inspection-error.ts';
import { InspectionPool } from '../../inspection/inspection-pool.ts';
import type { Config } from '../settings/config.ts';

export type { InspectionPool } from '../../inspection/inspection-pool.ts';

/** Pulls and pushes go first. */
const serverNiceness = 10;

/** The processes that read layers, none of them started; `for`: a server has other things to do meanwhile. */
export function openInspections(
  { inspections }: Config,
  options: { readonly for: 'server' | 'command' },
): InspectionPool {
  return new InspectionPool({
    limits: inspections,
    niceness: options.for === 'server' ? serverNiceness : 0,
  });
}

/** Whether this error means that nobody can say what is in an image, because it takes too much to read it. */
export function couldNotInspect(error: unknown): error is Error {
  return error instanceof InspectionError;
}
