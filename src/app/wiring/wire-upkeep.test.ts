import { afterAll, beforeAll, expect, it } from 'vitest';
import { MetricSet } from '../../edge/metric-set.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import { countedCollections, countedRefusals, measureNamespaces } from './wire-upkeep.ts';

let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

it('the metrics of quotas and collections', async () => {
  const metrics = new MetricSet();
  const noteRefusal = countedRefusals(metrics);
  const noteCollection = countedCollections(metrics);
  measureNamespaces(metrics, database.db);
  await database.pool.query(
    `insert into namespace (name, quota_bytes) values ('small', 5000), ('free', null)`,
  );
  await database.pool.query(
    `insert into namespace_usage (namespace_id, size_bytes) select id, 70 from namespace`,
  );
  await database.pool.query(`
    insert into namespace_usage_delta (namespace_id, size_bytes, cause, subject)
    select id, 5, 'blob', 'x' from namespace where name = 'small'`);
  noteRefusal('small');
  const none = { count: 0, sizeBytes: 0 };
  const blobs = { count: 2, sizeBytes: 300 };
  for (let round = 0; round < 2; round += 1) {
    noteCollection({ freedBytes: 300, blobs, orphans: none, uploads: none, manifests: none, linkCount: 2 });
  }
  const text = await metrics.text(() => {});
  for (const line of [
    'pratique_quota_refusals_total{namespace="small"} 1',
    'pratique_gc_freed_bytes_total{kind="blobs"} 600',
    'pratique_gc_freed_bytes_total{kind="uploads"} 0',
    'pratique_namespace_bytes{namespace="small"} 75',
    'pratique_namespace_bytes{namespace="free"} 70',
    'pratique_namespace_quota_bytes{namespace="small"} 5000',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).not.toContain('pratique_namespace_quota_bytes{namespace="free"}');
});
