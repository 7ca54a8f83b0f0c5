import type { Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';

/** Hears of the differences that re-matching and scanning make. */
export interface DifferenceObserver {
  /** False: nobody asks for differences, and none need be noted. */
  isWanted(db: Database): Promise<boolean>;
  /** A re-match has ended; `takeMatchChanges()` has what it changed. */
  reMatched(db: Database): Promise<void>;
  /** In the transaction that writes an image's report. */
  judged(transaction: Transaction<Tables>, image: JudgedPackages): Promise<void>;
}

export interface JudgedPackages {
  readonly digest: string;
  readonly packageIds: readonly number[];
  /** Those of the report before; absent: it is the image's first. */
  readonly packageIdsBefore?: readonly number[];
  /** False: some of its packages may not have been read. */
  readonly isWhole: boolean;
}
