/** Label names and values of one series. Values come from small sets: routes, states, namespaces. */
export type Labels = Readonly<Record<string, string>>;

export interface MetricDescription {
  /** With the unit at its end, as Prometheus names it: `…_seconds`, `…_bytes`, `…_total`. */
  readonly name: string;
  readonly help: string;
}

/** Series of one metric; beyond it, new label values are counted together under the value `other`. */
const seriesMax = 2_000;

/**
 * Counters, gauges and histograms, written as Prometheus text (prometheus.io/docs/instrumenting/exposition_formats,
 * version 0.0.4). It knows nothing of what is measured.
 */
export class MetricSet {
  readonly #families = new Map<string, Family>();

  /** Adds to a number that only grows; its name ends in `_total`. */
  counter(metric: MetricDescription): Counter {
    const all = new Map<string, Count>();
    this.#add(metric, 'counter', () => [...all].map(([labels, { total }]) => [metric.name, labels, total]));
    const series = (labels: Labels) => seriesOf(all, labels, () => new Count());
    return { series, add: (labels, value = 1) => series(labels).add(value) };
  }

  /** A number that is read whenever the metrics are asked for. A reader that fails leaves its metric out. */
  gauge(metric: MetricDescription, read: () => readonly Sample[] | Promise<readonly Sample[]>): void {
    this.#add(metric, 'gauge', async () =>
      (await read()).map(({ labels, value }) => [metric.name, labelText(labels ?? {}), value]),
    );
  }

  /** Counts observations at or below each bound. */
  histogram(metric: MetricDescription, bounds: readonly number[]): Histogram {
    const all = new Map<string, Observations>();
    this.#add(metric, 'histogram', () =>
      [...all].flatMap(([labels, observed]) => histogramRows(metric.name, { labels, bounds, observed })),
    );
    const series = (labels: Labels) => seriesOf(all, labels, () => new Observations(bounds));
    return { series, observe: (labels, value) => series(labels).observe(value) };
  }

  /** The whole text. `onFailure` hears of readers that failed. */
  async text(onFailure: (metric: string, error: unknown) => void): Promise<string> {
    const families = [...this.#families.values()];
    const blocks = await Promise.all(
      families.map(async ({ metric, kind, rows }) => {
        try {
          const lines = (await rows()).map(
            ([name, labels, value]) => `${name}${labels} ${numberText(value)}`,
          );
          return [`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${kind}`, ...lines];
        } catch (error) {
          onFailure(metric.name, error);
          return [];
        }
      }),
    );
    return `${blocks.flat().join('\n')}\n`;
  }

  #add(metric: MetricDescription, kind: Family['kind'], rows: Family['rows']): void {
    if (this.#families.has(metric.name)) throw new TypeError(`The metric ${metric.name} is there already`);
    this.#families.set(metric.name, { metric, kind, rows });
  }
}

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface CounterSeries {
  add(value: number): void;
}

export interface Counter {
  add(labels: Labels, value?: number): void;
  /** The series of these labels, for whoever counts so often that looking it up would show. */
  series(labels: Labels): CounterSeries;
}

export interface HistogramSeries {
  observe(value: number): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
  /** The series of these labels, for whoever observes so often that looking it up would show. */
  series(labels: Labels): HistogramSeries;
}

/** Name, labels as text, value. */
type Row = readonly [string, string, number];

interface Family {
  readonly metric: MetricDescription;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly rows: () => readonly Row[] | Promise<readonly Row[]>;
}

class Count implements CounterSeries {
  total = 0;

  add(value: number): void {
    this.total += value;
  }
}

class Observations implements HistogramSeries {
  readonly #bounds: readonly number[];
  /** Observations above the bound before and at or below this one, by the place of the bound. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
  }
}

function histogramRows(
  name: string,
  series: { readonly labels: string; readonly bounds: readonly number[]; readonly observed: Observations },
): readonly Row[] {
  const { labels, bounds, observed } = series;
  const inner = labels === '' ? '' : `${labels.slice(1, -1)},`;
  let below = 0;
  const buckets = bounds.map((bound, index): Row => {
    below += observed.counts[index] ?? 0;
    return [`${name}_bucket`, `{${inner}le="${bound}"}`, below];
  });
  return [
    ...buckets,
    [`${name}_bucket`, `{${inner}le="+Inf"}`, observed.count],
    [`${name}_sum`, labels, observed.sum],
    [`${name}_count`, labels, observed.count],
  ];
}

function seriesOf<Series>(all: Map<string, Series>, labels: Labels, make: () => Series): Series {
  const text = labelText(labels);
  const isKnown = all.has(text) || all.size < seriesMax;
  const key = isKnown
    ? text
    : labelText(Object.fromEntries(Object.keys(labels).map((name) => [name, 'other'])));
  const series = all.get(key) ?? make();
  all.set(key, series);
  return series;
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
