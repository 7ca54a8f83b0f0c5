import type { Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';

/** Thrown inside `inTransaction()` to roll everything back and still answer with `result`. */
export class RollBack<Result> {
  readonly result: Result;
  constructor(result: Result) {
    this.result = result;
  }
}

const triesMax = 5;
/** PostgreSQL Appendix A: serialization_failure, deadlock_detected. */
const transient: ReadonlySet<unknown> = new Set(['40001', '40P01']);

/** Runs `work` in a transaction, again when PostgreSQL broke it off for another's sake; `work` must bear repetition. */
export async function inTransaction<Result>(
  db: Database,
  work: (transaction: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (error instanceof RollBack) return error.result as Result; // thrown by `work` itself
      const isTransient = error instanceof Error && 'code' in error && transient.has(error.code);
      if (!isTransient || tries >= triesMax) throw error;
    }
  }
}
