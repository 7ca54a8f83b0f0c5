import { buffer } from 'node:stream/consumers';
import { openPromise } from 'yauzl';
import type { AffectedPackage } from '../../matching/advisory.ts';

/** The fields of an OSV record that tests of versions and matching look at. */
export interface OsvRecord {
  readonly id: string;
  readonly modified: string;
  readonly withdrawn?: string;
  readonly summary?: string;
  readonly aliases?: readonly string[];
  readonly upstream?: readonly string[];
  readonly related?: readonly string[];
  readonly affected?: readonly (Partial<AffectedPackage> & {
    readonly package: { readonly ecosystem: string; readonly name: string };
  })[];
}

/** All records of an `all.zip` of the shared data, in the order of the archive. */
export async function readAdvisories(zipPath: string): Promise<readonly OsvRecord[]> {
  const archive = await openPromise(zipPath);
  const records: OsvRecord[] = [];
  for await (const entry of archive.eachEntry()) {
    const bytes = await buffer(await archive.openReadStreamPromise(entry));
    records.push(JSON.parse(bytes.toString('utf8')) as OsvRecord); // every record passes the OSV schema
  }
  return records;
}

/** Every version that the records name for packages of the ecosystem, each once. */
export function versionsOf(records: readonly OsvRecord[], ecosystem: string): readonly string[] {
  const versions = new Set<string>();
  for (const { affected = [] } of records) {
    for (const item of affected) {
      if (item.package.ecosystem.split(':')[0] !== ecosystem) continue;
      for (const version of item.versions ?? []) versions.add(version);
      for (const event of (item.ranges ?? []).flatMap(({ events }) => events)) {
        for (const version of Object.values(event)) if (version !== '0') versions.add(version);
      }
    }
  }
  return [...versions];
}
