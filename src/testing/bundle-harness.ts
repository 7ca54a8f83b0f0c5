import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { BundleSource } from '../advisories/bundles/bundle.ts';
import { openBundleFile, writeBundleFile } from '../advisories/bundles/bundle-file.ts';
import { bundleFolder } from '../advisories/bundles/bundle-folder.ts';
import { makeBundleKeys, type PublicKey, parsePublicKey } from '../advisories/bundles/bundle-keys.ts';
import {
  type ImportBundleOptions,
  type ImportedBundle,
  importBundle,
} from '../advisories/bundles/import-bundle.ts';
import { makeBundle } from '../advisories/bundles/make-bundle.ts';
import type { DatabaseConnection } from '../database/database.ts';
import { type SyncHarness, useSyncHarness } from './sync-harness.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from './temporary-database.ts';

/** An installation with feeds of every kind (`sync`), an empty one to import into, and keys. */
export interface BundleHarness {
  readonly sync: SyncHarness;
  /** The other installation. */
  readonly target: TemporaryDatabase;
  readonly folder: string;
  readonly key: KeyObject;
  readonly trusted: readonly PublicKey[];
  /** Synchronises all feeds of the mirror. */
  fill(): Promise<void>;
  /** Writes a bundle of what an installation holds, by default the first one's, and returns its path. */
  exported(
    name: string,
    options?: { readonly from?: DatabaseConnection; readonly keys?: readonly KeyObject[] },
  ): Promise<string>;
  imported(from: string | BundleSource, options?: Partial<ImportBundleOptions>): Promise<ImportedBundle>;
}

const cves = [
  {
    id: 'CVE-2024-1001',
    modified: '2024-05-01T00:00:00.250Z',
    published: '2024-04-01T00:00:00Z',
    details: 'A heap overflow.\n\tIn "x".',
    severity: [
      { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' },
      { type: 'Ubuntu', score: 'medium' },
      { type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:P/I:P/A:P' },
    ],
    database_specific: { cwe_ids: ['CWE-122'], severity: 'HIGH', cvss_v4: 7.1 },
  },
  { id: 'CVE-2024-1002', modified: '2024-05-01T00:00:00Z', summary: 'Without a rating' },
];
const kev = {
  dateReleased: '2024-05-02T00:00:00Z',
  count: 1,
  vulnerabilities: [
    {
      cveID: 'CVE-2024-1001',
      vulnerabilityName: 'x',
      dateAdded: '2024-05-02',
      dueDate: '2024-05-23',
      knownRansomwareCampaignUse: 'Known',
    },
  ],
};
const epss =
  '#model_version:v1,score_date:2024-05-02T00:00:00+0000\ncve,epss,percentile\nCVE-2024-1001,0.00043,0.12345\nCVE-2024-1002,0.00001,1.0\n';

/** Call it once per test file, as `useSyncHarness()`. */
export function useBundleHarness(): BundleHarness {
  const sync = useSyncHarness();
  const pair = makeBundleKeys();
  const key = createPrivateKey(pair.privatePem);
  const trusted = [parsePublicKey(pair.publicText)];
  let target: TemporaryDatabase | undefined;
  let folder = '';
  const opened = (): TemporaryDatabase => {
    if (target === undefined) throw new Error('Cannot use the harness outside a test');
    return target;
  };
  beforeAll(async () => {
    target = await createTemporaryDatabase();
    folder = mkdtempSync(join(tmpdir(), 'pratique-bundles-test-'));
  });
  afterAll(async () => {
    await target?.drop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    await opened().pool.query(
      'truncate feed, advisory, feed_advisory, advisory_package, release_coverage, pending_change, cve, known_exploited, epss, advisory_bundle',
    );
    sync.mirror.setFolder('CVE', cves);
    sync.mirror.set('/kev.json', JSON.stringify(kev));
    sync.mirror.set('/epss.csv', epss);
  });
  return {
    sync,
    get target() {
      return opened();
    },
    get folder() {
      return folder;
    },
    key,
    trusted,
    fill: async () => {
      await sync.acknowledged(
        await sync.sync({ kev: `${sync.root}/kev.json`, epss: `${sync.root}/epss.csv` }),
      );
    },
    exported: async (name, { from = sync.database, keys = [key] } = {}) => {
      const path = join(folder, name);
      await using layers = await bundleFolder();
      const signal = new AbortController().signal;
      const bundle = await makeBundle({
        connection: from,
        folder: layers.path,
        keys,
        signal,
        onFeed: () => {},
      });
      await writeBundleFile(bundle, path);
      return path;
    },
    imported: async (from, options) => {
      await using source = typeof from === 'string' ? await openBundleFile(from) : from;
      return await importBundle({
        connection: opened(),
        source,
        trusted,
        allowUnsigned: false,
        force: false,
        now: () => sync.clock,
        ...options,
      });
    },
  };
}
