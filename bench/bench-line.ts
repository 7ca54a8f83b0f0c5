/** One figure, printed as one line of JSON (design.md, "Contract"). */
export interface BenchLine {
  readonly bench: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, measured in the same run; absent when nothing is. */
  readonly against?: string;
  /** Our value divided by the other one's. */
  readonly ratio?: number;
}

/** What every file of a bench exports. */
export interface BenchModule {
  readonly run: () => Promise<readonly BenchLine[]>;
}

/** Three significant digits: more would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
