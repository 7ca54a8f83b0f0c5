import { StoredReportError } from './stored-report-error.ts';

/** A column of a table: its distinct values in order of appearance, and how often which of them stands in succession. */
export interface ColumnRuns<T> {
  readonly values: readonly T[];
  /** Length and position in `values`, in turns. */
  readonly runs: readonly number[];
}

/** `values` are told apart by their JSON. */
export function toRuns<T>(column: readonly T[]): ColumnRuns<T> {
  const positions = new Map<string, number>();
  const values: T[] = [];
  const runs: number[] = [];
  let last: { readonly position: number; length: number } | undefined;
  const end = () => {
    if (last !== undefined) runs.push(last.length, last.position);
  };
  for (const value of column) {
    const key = typeof value === 'string' ? value : JSON.stringify(value);
    const known = positions.get(key);
    const position = known ?? values.push(value) - 1;
    if (known === undefined) positions.set(key, position);
    if (last?.position === position) last.length += 1;
    else {
      end();
      last = { position, length: 1 };
    }
  }
  end();
  return { values, runs };
}

/** The column again. Throws a `StoredReportError` unless it has so many rows. */
export function fromRuns<T>({ values, runs }: ColumnRuns<T>, rowCount: number): readonly T[] {
  const column: T[] = [];
  for (let at = 0; at < runs.length; at += 2) {
    const [length = 0, position = -1] = [runs[at], runs[at + 1]];
    if (position < 0 || position >= values.length || length > rowCount - column.length)
      throw new StoredReportError('places', 'a column does not fit the others');
    const value = values[position] as T; // within the bounds
    for (let row = 0; row < length; row += 1) column.push(value);
  }
  if (column.length !== rowCount)
    throw new StoredReportError('places', `a column has ${column.length} rows instead of ${rowCount}`);
  return column;
}
