import { inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { random, secretSamples } from '../testing/samples/secret-samples.ts';
import { alpineFiles } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';
import { readImageSecrets } from './reports/image-secrets-store.ts';

const github = secretSamples['github-token'] ?? '';
const aws = secretSamples['aws-access-key-id'] ?? '';
const password = `Ab3${random.mixed(14, 7)}`;
const base = buildLayer(alpineFiles({ musl: '1.1.16-r10' }));

/** A secret that is deleted again, one in a program, one in test data of a dependency, and some in the config. */
const leaky = buildImage({
  layers: [
    base,
    { 'root/.netrc': `\n${github}\n`, 'usr/bin/tool': Buffer.from(`\x7fELF\0\0\0${aws}`) },
    { 'srv/node_modules/dep/test/key.js': aws, 'root/.wh..netrc': '', 'srv/keep.txt': `a\n${aws}\n` },
    { 'srv/keep.txt': `a\n${aws}\n` },
  ],
  commands: [
    'ADD rootfs',
    'COPY .netrc /root',
    `RUN |1 DB_PASSWORD=${password} /bin/sh -c make`,
    'COPY . /srv',
  ],
  configFields: {
    config: {
      Env: ['PATH=/bin', `DB_PASSWORD=${password}`, 'API_TOKEN=$TOKEN', 'MAX_TOKEN=true'],
      Labels: { note: `use ${github}` },
    },
  },
});

let harness: ScanHarness;
let namespaceId: number;

beforeEach(async () => {
  harness = await ScanHarness.start();
  namespaceId = await harness.addNamespace('demo');
});
afterEach(() => harness.close());

const secretsOf = (digest: string) => readImageSecrets(harness.database.db, digest);

async function scan(image: ReturnType<typeof buildImage>) {
  await harness.push(namespaceId, image);
  await harness.scan(image.digest);
  expect(harness.failures).toEqual([]);
}

const scanRows = (digest: string) =>
  harness.database.db
    .selectFrom('image_scan')
    .select(['category', 'state', 'problem'])
    .where('manifest_digest', '=', digest)
    .where('category', '<>', 'malware')
    .orderBy('category')
    .execute();

describe('a scan for secrets', () => {
  it('finds them in every layer and in the config, with what a later layer does to the file', async () => {
    await scan(leaky);
    const found = await secretsOf(leaky.digest);
    expect(
      found
        .map(({ rule, path, line, layer, fate }) => [
          rule,
          `${path}:${line}`,
          layer?.index,
          fate === undefined ? '' : `${fate.kind} by ${fate.byLayer}`,
        ])
        .sort(),
    ).toEqual(
      [
        ['secret-variable', 'config:env/DB_PASSWORD:1', undefined, ''],
        ['secret-variable', 'config:history/2:1', undefined, ''],
        ['github-token', 'config:label/note:1', undefined, ''],
        ['github-token', 'root/.netrc:2', 1, 'deleted by 2'],
        ['aws-access-key-id', 'srv/keep.txt:2', 2, 'replaced by 3'],
        ['aws-access-key-id', 'srv/keep.txt:2', 3, ''],
      ].sort(),
    );
    expect(found.find(({ path }) => path === 'root/.netrc')).toMatchObject({
      masked: expect.stringMatching(/^.{2}\*{6}$/),
      layer: { createdBy: 'COPY .netrc /root' },
    });
    expect(await scanRows(leaky.digest)).toMatchObject([
      { category: 'secrets', state: 'scanned' },
      { category: 'vulnerabilities', state: 'scanned' },
    ]);
    const facts = await harness.facts.factsOf(leaky.digest);
    expect(facts?.states.secrets).toMatchObject({ state: 'scanned', lastResult: { state: 'scanned' } });
    expect(facts?.secrets.found).toHaveLength(5);
    expect(facts?.secrets.found.find(({ path }) => path === 'srv/keep.txt')?.count).toBe(2);
  });

  it('keeps no value anywhere in the database (threats.md E4)', async () => {
    await scan(leaky);
    const { rows } = await harness.database.pool.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const texts: string[] = [];
    for (const { name } of rows) {
      const all = await harness.database.pool.query<Record<string, unknown>>(`select * from ${name}`);
      for (const row of all.rows) {
        for (const value of Object.values(row)) {
          if (!Buffer.isBuffer(value)) texts.push(JSON.stringify(value));
          else texts.push(value.toString('latin1'), inflated(value));
        }
      }
    }
    const dump = texts.join('\n');
    expect(dump).toContain('COPY .netrc');
    for (const value of [github, aws, password]) expect(dump).not.toContain(value.slice(2));
  });

  it('keeps when a secret was first found over re-scans, and the old result while one runs', async () => {
    harness.now = () => new Date('2026-01-01T00:00:00Z');
    await scan(leaky);
    const before = await secretsOf(leaky.digest);
    harness.now = () => new Date('2026-02-01T00:00:00Z');
    await harness.database.db.deleteFrom('layer_inspection').execute();
    let during: unknown;
    harness.onRead = async () => {
      during = await harness.facts.factsOf(leaky.digest);
    };
    await harness.scan(leaky.digest);
    expect(during).toMatchObject({
      states: { secrets: { state: 'scanning', lastResult: { state: 'scanned' } } },
      secrets: { found: { length: 5 } },
    });
    expect(await secretsOf(leaky.digest)).toEqual(before);
  });

  it('is incomplete where a layer cannot be read whole, and shows what it found before', async () => {
    const whole = buildLayer({ 'a/key': github, 'b/rest': random.mixed(200_000) }, 'none');
    const cut = buildLayer(whole.bytes.subarray(0, 60_000));
    const image = buildImage({ layers: [base, cut] });
    await scan(image);
    expect(await scanRows(image.digest)).toMatchObject([
      { category: 'secrets', state: 'incomplete', problem: { phase: 'read-layer' } },
      { category: 'vulnerabilities', state: 'incomplete' },
    ]);
    expect(await secretsOf(image.digest)).toMatchObject([{ rule: 'github-token', path: 'a/key' }]);
  });

  it('lists no more than 10,000 of a layer, and says that there are more', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`srv/${index}`, `${aws}\n`.repeat(200)]),
    );
    const image = buildImage({ layers: [base, files] });
    await scan(image);
    expect(await secretsOf(image.digest)).toHaveLength(10_000);
    expect(await scanRows(image.digest)).toMatchObject([
      {
        state: 'incomplete',
        problem: { reason: expect.stringMatching(/^layer 1: \d+ secrets more than can be listed$/) },
      },
      { state: 'scanned' },
    ]);
  });
});

function inflated(value: Buffer): string {
  try {
    return inflateRawSync(value).toString('latin1');
  } catch {
    return '';
  }
}
