import { createPrivateKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { parsePublicKey, publicTextOf } from '../src/advisories/bundles/bundle-keys.ts';
import { importBundle } from '../src/advisories/bundles/import-bundle.ts';
import {
  exportAdvisories,
  makeKeyFile,
  openBundlePlace,
} from '../src/app/administration/advisory-bundles.ts';
import { connectDatabase } from '../src/database/connect.ts';

/** What the child prints as its one line. */
export interface BundleFigures {
  readonly seconds: number;
  readonly records: number;
  readonly sizeBytes: number;
  readonly peakBytes: number;
}

/** Exports or imports in a process of its own, so that its peak memory is its own: `<connection as JSON> export|import <file>`. */
async function main([config = '', what = '', file = '']: readonly string[]): Promise<void> {
  const connection = connectDatabase(JSON.parse(config));
  const signal = new AbortController().signal;
  const keyFile = `${file}.key`;
  if (what === 'export') await makeKeyFile(keyFile);
  const startedAt = performance.now();
  const records =
    what === 'export'
      ? await exportTo({ connection, place: file, keyFile, signal })
      : await importFrom({ connection, place: file, keyFile, signal });
  const figures: BundleFigures = {
    seconds: (performance.now() - startedAt) / 1000,
    records,
    sizeBytes: statSync(file).size,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
  console.log(JSON.stringify(figures));
  await connection.close();
}

interface Work {
  readonly connection: ReturnType<typeof connectDatabase>;
  readonly place: string;
  readonly keyFile: string;
  readonly signal: AbortSignal;
}

async function exportTo({ connection, place, keyFile, signal }: Work): Promise<number> {
  const made = await exportAdvisories(
    { connection },
    { place, signal, keyFiles: [keyFile], onFeed: () => {} },
  );
  return made.recordCount;
}

async function importFrom({ connection, place, keyFile, signal }: Work): Promise<number> {
  const key = createPrivateKey(readFileSync(keyFile, 'utf8'));
  await using source = await openBundlePlace({ place, signal });
  const { result } = await importBundle({
    connection,
    source,
    trusted: [parsePublicKey(publicTextOf(key))],
    allowUnsigned: false,
    force: false,
    now: () => new Date(),
    signal,
  });
  const failed = result.feeds.find(({ kind }) => kind === 'failed');
  if (failed !== undefined) throw new Error(`Cannot import "${failed.name}": ${failed.error}`);
  return result.feeds.reduce((sum, feed) => sum + feed.records, 0);
}

if (import.meta.main) await main(process.argv.slice(2));
