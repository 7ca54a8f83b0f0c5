import { StoredReportError } from './stored-report-error.ts';

/** Values, each once, in order of appearance; told apart by their JSON. */
export class DistinctValues<T> {
  readonly values: T[] = [];
  readonly #positions = new Map<string, number>();

  /** Where the value stands; it is added when it is new. */
  positionOf(value: T): number {
    const key = typeof value === 'string' ? value : JSON.stringify(value);
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    const position = this.values.push(value) - 1;
    this.#positions.set(key, position);
    return position;
  }
}

/** A column of a table: its distinct values; and length and position among them of each run of one value, in turns. */
export type ColumnRuns<T> = readonly [values: readonly T[], runs: readonly number[]];

export function toRuns<T>(column: readonly T[]): ColumnRuns<T> {
  const distinct = new DistinctValues<T>();
  const runs: number[] = [];
  for (const value of column) {
    const position = distinct.positionOf(value);
    const lengthAt = runs.length - 2;
    if (runs.at(-1) === position) runs[lengthAt] = (runs[lengthAt] ?? 0) + 1;
    else runs.push(1, position);
  }
  return [distinct.values, runs];
}

/** The column again. Throws a `StoredReportError` unless it has so many rows. */
export function fromRuns<T>([values, runs]: ColumnRuns<T>, rowCount: number): readonly T[] {
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
