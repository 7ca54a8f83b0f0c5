import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNamespace } from '../../catalog/namespaces.ts';
import type { NamespaceName, RepositoryName } from '../../oci/names.ts';
import { MemoryStore } from '../../storage/memory-store.ts';
import { nobodyWatches } from '../../testing/serve-registry.ts';
import { storeImage } from '../../testing/stored-images.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import { attachDocument } from './attach-document.ts';

let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

/** Does something else before the first upload begins. */
class InterruptedStore extends MemoryStore {
  interrupt: (() => Promise<void>) | undefined;

  override async create(uploadId: string): Promise<void> {
    const { interrupt } = this;
    this.interrupt = undefined;
    await interrupt?.();
    await super.create(uploadId);
  }
}

describe('attachDocument()', () => {
  it('adds a document once that is attached again while it is being attached', async () => {
    const { db } = database;
    const namespace = 'own' as NamespaceName; // it is a valid one
    const created = await createNamespace(db, { name: namespace, isPublic: false });
    if (created.kind !== 'created') throw new Error(created.kind);
    const namespaceId = created.namespace.id;
    const image = { namespaceId, repository: 'app', tags: ['1.0'], content: 'app' };
    const { repositoryId, digest: subject } = await storeImage(db, image);
    const added: string[] = [];
    const store = new InterruptedStore();
    const attach = async () =>
      await attachDocument(
        { db, store, pushObserver: nobodyWatches },
        {
          requester: { name: 'somebody', client: '' },
          repository: { namespaceId, namespace, repositoryId, repository: 'app' as RepositoryName }, // as it is stored
          subject,
          content: Buffer.from('{}\n'),
          mediaType: 'application/spdx+json',
          annotations: {},
          onAdded: async (_transaction, { digest }) => {
            added.push(digest);
          },
        },
      );
    let meanwhile: unknown;
    store.interrupt = async () => {
      meanwhile = await attach();
    };
    const result = await attach();
    expect([meanwhile, result]).toMatchObject([{ isNew: true }, { isNew: false }]);
    expect(added).toHaveLength(1);
  });
});
