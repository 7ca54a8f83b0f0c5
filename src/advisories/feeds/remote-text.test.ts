import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { buildZip } from '../../testing/samples/build-zip.ts';
import { useSyncHarness } from '../../testing/sync-harness.ts';

const harness = useSyncHarness();
const secret = 'AKIA-SECRET';

/** What another service than a mirror might answer, were we led to it. */
const answers: Readonly<Record<string, Buffer>> = {
  JSON: Buffer.from(`{"AccessKeyId":"${secret}"}`),
  text: Buffer.from(`${secret}\n${secret}\n`),
  'a page': Buffer.from(`<html>${secret}</html>`),
  'a list with a line of text': Buffer.from(`2024-05-01T10:00:00Z,ALPINE-CVE-2024-1000\n${secret}\n`),
  'a catalogue of text': Buffer.from(JSON.stringify({ vulnerabilities: [{ cveID: secret }] })),
  'scores with a row of text': gzipSync(`cve,epss,percentile\nCVE-2024-1001,0.5,0.5\n${secret}\n`),
  'packed text': gzipSync(secret),
  'a zip of text': buildZip([{ name: `${secret} of a folder.txt`, bytes: Buffer.from(secret) }]),
  'a zip that climbs': buildZip([{ name: `../${secret}`, bytes: Buffer.from(secret) }]),
  'a zip of odd names': buildZip([{ name: `(${secret}).json`, bytes: Buffer.from('{}') }]),
  'a zip of other records': buildZip([
    {
      name: 'CVE-2024-1.json',
      bytes: Buffer.from(JSON.stringify({ id: secret, modified: '2024-05-01T10:00:00Z', affected: [] })),
    },
    {
      name: 'CVE-2024-2.json',
      bytes: Buffer.from(
        JSON.stringify({
          id: 'CVE-2024-2',
          modified: '2024-05-01T10:00:00Z',
          affected: [
            {
              package: { ecosystem: 'Alpine:v3.6', name: 'x' },
              ranges: [{ type: secret, events: [{ [secret]: secret }] }],
            },
          ],
        }),
      ),
    },
  ]),
};

describe('no text of a source is in what is said of it (threats.md B1, F20)', () => {
  const sources = () => ({ kev: `${harness.root}/kev`, epss: `${harness.root}/epss` });

  beforeEach(async () => {
    await harness.sync();
    for (const path of ['Alpine/all.zip', 'CVE/all.zip']) harness.mirror.set(`/${path}`, undefined);
  });

  it.each(Object.keys(answers))('that answers with %s', async (title) => {
    const paths = ['/Alpine/modified_id.csv', '/Alpine/all.zip', '/CVE/all.zip', '/kev', '/epss'];
    for (const path of paths) harness.mirror.set(path, answers[title]);
    const said: string[] = [];
    const note = async (options: { readonly full?: boolean }) => {
      const { feeds } = await harness.sync(sources(), options);
      expect(feeds.find(({ name }) => name === 'KEV')?.kind).toBe('failed');
      said.push(JSON.stringify(feeds));
    };
    await note({});
    await note({ full: true });
    harness.mirror.set('/ecosystems.txt', answers[title]);
    await note({});
    const { rows } = await harness.database.pool.query('select * from feed_update');
    expect(JSON.stringify([said, rows])).toContain('Cannot use');
    expect(JSON.stringify([said, rows])).not.toContain(secret);
  });
});
