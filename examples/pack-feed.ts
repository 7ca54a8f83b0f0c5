import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildZip } from '../src/testing/samples/build-zip.ts';

const source = join(import.meta.dirname, 'feed');

/**
 * Makes an OSV mirror of the sample feed in a new folder: `ecosystems.txt`, and `all.zip`, `modified_id.csv` and the records
 * of each. Beside them `kev.json` and `epss.csv.gz`, as CISA and FIRST publish theirs.
 */
export async function packFeed(folder: string): Promise<void> {
  const entries = await readdir(source, { withFileTypes: true });
  const ecosystems = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  for (const ecosystem of ecosystems) await packEcosystem(join(source, ecosystem), join(folder, ecosystem));
  await writeFile(join(folder, 'ecosystems.txt'), ecosystems.map((name) => `${name}\n`).join(''));
  await writeFile(join(folder, 'kev.json'), await readFile(join(source, 'kev.json')));
  await writeFile(join(folder, 'epss.csv.gz'), gzipSync(await readFile(join(source, 'epss.csv'))));
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
