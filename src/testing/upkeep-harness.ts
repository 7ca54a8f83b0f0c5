import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteNamespace } from '../catalog/namespaces.ts';
import { FileStore } from '../storage/file-store.ts';
import { type CollectedStore, type CollectorOptions, GarbageCollector } from '../upkeep/garbage-collector.ts';
import { basic, RegistryClient } from './registry-client.ts';
import { type RegistryOptions, serveRegistry } from './serve-registry.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from './temporary-database.ts';

/** A registry on a file store and a database of its own, for tests of what is kept and what is freed. */
export interface UpkeepHarness {
  readonly database: TemporaryDatabase;
  readonly store: FileStore;
  /** Folder of the store. */
  readonly root: string;
  readonly url: string;
  /** Speaks as the administrator of the namespace `team`. */
  readonly client: RegistryClient;
  collector(options?: Partial<CollectorOptions>): GarbageCollector;
  /** The store, except that deleting these keys fails. */
  failingStore(fails: (key: string) => boolean): CollectedStore;
  sql(text: string): Promise<void>;
  /** Rows by table. */
  counts(): Promise<Readonly<Record<string, number>>>;
  deleteNamespace(name: string): Promise<void>;
  /** Makes the files of uploads look old. */
  ageUploads(): Promise<void>;
  /** Empties catalogue and store; `team` is new afterwards. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function startUpkeepHarness(options: RegistryOptions = {}): Promise<UpkeepHarness> {
  const database = await createTemporaryDatabase();
  const root = await mkdtemp(join(tmpdir(), 'pratique-upkeep-'));
  const store = await FileStore.open(root);
  const served = await serveRegistry(database, { ...options, store });
  const { db, pool } = database;
  const collector = (changes: Partial<CollectorOptions> = {}) =>
    new GarbageCollector({ db, store, ...changes });
  return {
    database,
    store,
    root,
    url: served.url,
    client: new RegistryClient(served.url, basic('owner')),
    collector,
    failingStore: (fails) => ({
      listContent: () => store.listContent(),
      listUploads: () => store.listUploads(),
      size: (key) => store.size(key),
      uploadSize: (uploadId) => store.uploadSize(uploadId),
      discard: (uploadId) => store.discard(uploadId),
      delete: async (key) => {
        if (fails(key)) throw new Error('input/output error');
        await store.delete(key);
      },
    }),
    sql: async (text) => {
      await pool.query(text);
    },
    counts: async () => {
      const tables = ['blob', 'repository_blob', 'blob_pin', 'manifest'];
      const selects = tables.map((table) => `(select count(*) from ${table}) as ${table}`);
      const { rows } = await pool.query(`select ${selects.join(', ')}`);
      return rows[0];
    },
    deleteNamespace: async (name) => {
      const { rows } = await pool.query('select id from namespace where name = $1', [name]);
      await deleteNamespace(db, rows[0].id, { force: true });
    },
    ageUploads: async () => {
      for await (const { uploadId } of store.listUploads()) {
        await utimes(join(root, 'uploads', uploadId), 0, 0);
      }
    },
    empty: async () => {
      await pool.query('truncate namespace, blob, manifest cascade');
      // Only files: the store knows its folders.
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) await rm(join(entry.parentPath, entry.name));
      }
      await served.addNamespace('team', { members: { owner: 'admin' } });
    },
    close: async () => {
      await served.close();
      await database.drop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
