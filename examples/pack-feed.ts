import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildZip } from '../src/testing/samples/build-zip.ts';

const source = join(import.meta.dirname, 'feed');

/**
 * Makes an OSV mirror of the sample feed in a new folder: `ecosystems.txt`, and `all.zip`, `modified_id.csv` and the records
 * of each. Beside them `kev.json` and `epss.csv.gz`, as CISA and FIRST publish theirs: of `at`, so that nobody takes them for
 * lists that stand still.
 */
export async function packFeed(folder: string, at: Date): Promise<void> {
  const entries = await readdir(source, { withFileTypes: true });
  const ecosystems = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  for (const ecosystem of ecosystems) await packEcosystem(join(source, ecosystem), join(folder, ecosystem));
  await writeFile(join(folder, 'ecosystems.txt'), ecosystems.map((name) => `${name}\n`).join(''));
  const [kev, epss] = await Promise.all(
    ['kev.json', 'epss.csv'].map((name) => readFile(join(source, name), 'utf8')),
  );
  const restated = (text = '', stated: RegExp) => text.replace(stated, `$1${at.toISOString()}`);
  await writeFile(join(folder, 'kev.json'), restated(kev, /("dateReleased": ")[^"]+/));
  await writeFile(join(folder, 'epss.csv.gz'), gzipSync(restated(epss, /(score_date:)\S+/)));
}

async function packEcosystem(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const names = (await readdir(from)).sort();
  const records = await Promise.all(
    names.map(async (name) => ({ name, bytes: await readFile(join(from, name)) })),
  );
  for (const { name, bytes } of records) await writeFile(join(to, name), bytes);
  await writeFile(join(to, 'all.zip'), buildZip(records));
  await writeFile(join(to, 'modified_id.csv'), modifiedList(records));
}

function modifiedList(records: readonly { readonly bytes: Buffer }[]): string {
  return records
    .map(({ bytes }) => JSON.parse(bytes.toString('utf8')) as { id: string; modified: string }) // our own files
    .sort((a, b) => Date.parse(b.modified) - Date.parse(a.modified))
    .map(({ id, modified }) => `${modified},${id}\n`)
    .join('');
}
