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
  /** Whether an aim is met, where the bench knows one. */
  readonly verdict?: 'met' | 'missed';
}

/** What the command line says beside the names of benches. */
export interface BenchOptions {
  /** A folder whose filled database is used, and left for the next run; made where it is not filled yet. */
  readonly keep?: string;
  /** Measure only what has this in its name. */
  readonly only?: string;
  /** How many images are measured: numbers with commas between. */
  readonly images?: string;
}

/** What every file of a bench exports. */
export interface BenchModule {
  readonly run: (options: BenchOptions) => Promise<readonly BenchLine[]>;
  /** The options that it takes; none when absent. */
  readonly takes?: readonly (keyof BenchOptions)[];
}

/** Three significant digits: more would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
