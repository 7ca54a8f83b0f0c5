import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PublishedArchives } from '../inspection/inventory/published-archives.ts';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { buildZip } from '../testing/samples/build-zip.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import { DatabaseImages } from './database-images.ts';
import { readReportDetails } from './reports/report-details.ts';
import { ScanJob } from './scan-job.ts';

let harness: ScanHarness;
beforeEach(async () => {
  harness = await ScanHarness.start();
});
afterEach(() => harness.close());

const jar = buildZip([{ name: 'org/x/A.class', bytes: Buffer.from('a') }]);
const layer = buildLayer({ 'srv/x.jar': jar });
const image = buildImage({ layers: [layer] });

async function result(): Promise<{ readonly names: readonly string[]; readonly doubts: readonly string[] }> {
  const row = await harness.database.db
    .selectFrom('image_report')
    .select('doubts')
    .where('manifest_digest', '=', image.digest)
    .executeTakeFirstOrThrow();
  const report = await readReportDetails(harness.reports, image.digest);
  return {
    names: (report?.packages ?? []).map(({ package: { name, version } }) => `${name} ${version}`),
    doubts: (row.doubts as { code: string }[]).map(({ code }) => code),
  };
}

it('a table of Java archives that is set up later names those of old images, without reading a layer again', async () => {
  await harness.push(await harness.addNamespace('demo'), image);
  await harness.scan(image.digest);
  expect(await result()).toEqual({ names: ['x '], doubts: ['guessed-archive'] });

  const sha1 = createHash('sha1').update(jar).digest('hex');
  const archives: PublishedArchives = {
    archiveOf: (asked) =>
      asked === sha1 ? { group: 'org.example', artifact: 'x', version: '1.2' } : undefined,
  };
  const { db } = harness.database;
  const job = new ScanJob({
    db,
    images: new DatabaseImages({
      db,
      readBlob: async (digest) => {
        expect(digest).not.toBe(layer.digest);
        return Readable.from([image.blobs.get(digest)], { objectMode: false });
      },
    }),
    inspections: harness.inspections,
    archives,
    now: harness.now,
  });
  await job.run(
    { digest: image.digest },
    { signal: new AbortController().signal, attempt: 3, attemptsMax: 3 },
  );
  expect(await result()).toEqual({ names: ['org.example:x 1.2'], doubts: [] });
  expect(await harness.scanRow(image.digest)).toMatchObject({ state: 'scanned', layers_read: 0 });
});
