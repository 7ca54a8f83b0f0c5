import { expect, it } from 'vitest';
import { MetricSet } from './metric-set.ts';

const unexpected = (metric: string, error: unknown) => {
  throw new Error(`${metric} failed`, { cause: error });
};

it('MetricSet writes counters with escaped labels', async () => {
  const metrics = new MetricSet();
  const counter = metrics.counter({ name: 'a_total', help: 'As' });
  counter.add({ kind: 'x"\\\n' });
  counter.add({ kind: 'x"\\\n' }, 2);
  expect(await metrics.text(unexpected)).toBe(
    '# HELP a_total As\n# TYPE a_total counter\na_total{kind="x\\"\\\\\\n"} 3\n',
  );
});

it('MetricSet writes histograms cumulatively', async () => {
  const metrics = new MetricSet();
  const histogram = metrics.histogram({ name: 'b_seconds', help: 'Bs' }, [1, 2]);
  for (const value of [0.5, 1, 1.5, 3]) histogram.observe({ kind: 'k' }, value);
  const lines = (await metrics.text(unexpected)).split('\n').slice(2);
  expect(lines).toEqual([
    'b_seconds_bucket{kind="k",le="1"} 2',
    'b_seconds_bucket{kind="k",le="2"} 3',
    'b_seconds_bucket{kind="k",le="+Inf"} 4',
    'b_seconds_sum{kind="k"} 6',
    'b_seconds_count{kind="k"} 4',
    '',
  ]);
});

it('MetricSet leaves out a gauge that cannot be read, and says so', async () => {
  const metrics = new MetricSet();
  metrics.gauge({ name: 'c', help: 'C' }, () => Promise.reject(new Error('gone')));
  metrics.gauge({ name: 'd', help: 'D' }, () => [{ value: 1 }]);
  const failures: string[] = [];
  expect(await metrics.text((metric) => failures.push(metric))).toBe('# HELP d D\n# TYPE d gauge\nd 1\n');
  expect(failures).toEqual(['c']);
});

it('MetricSet counts what goes beyond the bound of series together', async () => {
  const metrics = new MetricSet();
  const counter = metrics.counter({ name: 'e_total', help: 'E' });
  for (let index = 0; index < 2_010; index += 1) counter.add({ namespace: `n${index}` });
  expect(await metrics.text(unexpected)).toContain('e_total{namespace="other"} 10\n');
});

it('MetricSet counts through a series as through its labels', async () => {
  const metrics = new MetricSet();
  const counter = metrics.counter({ name: 'f_total', help: 'F' });
  const series = counter.series({ kind: 'k' });
  series.add(2);
  counter.add({ kind: 'k' });
  const histogram = metrics.histogram({ name: 'g', help: 'G' }, [1]);
  histogram.series({ kind: 'k' }).observe(0.5);
  histogram.observe({ kind: 'k' }, 2);
  const text = await metrics.text(unexpected);
  expect(text).toContain('f_total{kind="k"} 3\n');
  expect(text).toContain('g_bucket{kind="k",le="1"} 1\ng_bucket{kind="k",le="+Inf"} 2\n');
});
