import { readUsages } from '../../catalog/quota.ts';
import type { Database } from '../../database/database.ts';
import type { MetricSet } from '../../edge/metric-set.ts';
import type { Collected } from '../../upkeep/collected.ts';

/** Counts pushes that a quota refused; to be told the namespace. */
export function countedRefusals(metrics: MetricSet): (namespace: string) => void {
  const refusals = metrics.counter({
    name: 'pratique_quota_refusals_total',
    help: 'Pushes that the quota of their namespace refused',
  });
  return (namespace) => refusals.add({ namespace });
}

/** Counts what collections freed; to be told of each. */
export function countedCollections(metrics: MetricSet): (collected: Omit<Collected, 'problems'>) => void {
  const freed = metrics.counter({
    name: 'pratique_gc_freed_bytes_total',
    help: 'Bytes of the blob store that garbage collection has freed, by what they were',
  });
  const kinds = ['blobs', 'orphans', 'uploads'] as const;
  for (const kind of kinds) freed.add({ kind }, 0);
  return (collected) => {
    for (const kind of kinds) freed.add({ kind }, collected[kind].sizeBytes);
  };
}

/** Gauges of what namespaces hold and may hold, read when asked for. */
export function measureNamespaces(metrics: MetricSet, db: Database): void {
  const read = async () => {
    const namespaces = await db.selectFrom('namespace').select(['id', 'name']).execute();
    const usages = await readUsages(
      db,
      namespaces.map(({ id }) => id),
    );
    return namespaces.flatMap(({ id, name: namespace }) => {
      const usage = usages.get(id);
      return usage === undefined ? [] : [{ labels: { namespace }, ...usage }];
    });
  };
  metrics.gauge(
    { name: 'pratique_namespace_bytes', help: 'Bytes that count for the quota of a namespace' },
    async () => (await read()).map(({ labels, usedBytes }) => ({ labels, value: usedBytes })),
  );
  metrics.gauge({ name: 'pratique_namespace_quota_bytes', help: 'Quotas, where there is one' }, async () =>
    (await read()).flatMap(({ labels, quotaBytes }) =>
      quotaBytes === undefined ? [] : [{ labels, value: quotaBytes }],
    ),
  );
}
