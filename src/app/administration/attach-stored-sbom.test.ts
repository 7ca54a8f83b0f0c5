import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNamespace } from '../../catalog/namespaces.ts';
import { listReferrers } from '../../catalog/referrers.ts';
import { Turns } from '../../database/turns.ts';
import type { NamespaceName } from '../../oci/names.ts';
import { storeImage } from '../../testing/stored-images.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import type { Installation } from '../installation.ts';
import { loadConfig } from '../settings/config.ts';
import { attachStoredSbom } from './attach-stored-sbom.ts';
import { readEvents } from './read-events.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'pratique-attach-'));
let database: TemporaryDatabase;
let installation: Installation;
let namespaceId: number;

beforeAll(async () => {
  database = await createTemporaryDatabase();
  installation = {
    config: loadConfig({ environment: {}, folder }),
    connection: database,
    jobsConnection: database,
    turns: new Turns(),
    secretKey: Buffer.alloc(32),
    close: async () => {},
  };
  const created = await createNamespace(database.db, { name: 'own' as NamespaceName }); // a valid one
  if (created.kind === 'exists') throw new Error('the database is not empty');
  namespaceId = created.namespace.id;
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const store = async (content: string, packages?: readonly { name: string; version: string }[]) =>
  await storeImage(database.db, {
    namespaceId,
    repository: `team/${content}`,
    tags: ['1.0'],
    content,
    ...(packages === undefined ? {} : { packages }),
  });

describe('attachStoredSbom()', () => {
  it('makes one referrer and one event of the same result, however often it is asked', async () => {
    const { digest: subject, repositoryId } = await store('app', [{ name: 'musl', version: '1.1.14-r10' }]);
    const asked = { installation, target: 'own/team/app:1.0', format: 'spdx' } as const;
    const first = await attachStoredSbom(asked);
    expect(first).toMatchObject({
      image: `own/team/app@${subject}`,
      artifactType: 'application/spdx+json',
      isNew: true,
    });
    expect(await attachStoredSbom({ ...asked, target: `own/team/app@${subject}` })).toEqual({
      ...first,
      isNew: false,
    });
    const other = await attachStoredSbom({ ...asked, format: 'cyclonedx' });
    const { items } = await listReferrers(database.db, {
      repositoryId,
      subject,
      limit: 10,
      sizeBytesMax: 1e6,
    });
    expect(items.map(({ digest }) => digest).toSorted()).toEqual([first.digest, other.digest].toSorted());
    const events = await readEvents(database.db, { kind: 'sbom.attached', limit: 10 });
    expect(events.map(({ actor, client, subject: of }) => [actor, client, of])).toEqual([
      ['(command line)', undefined, `team/app@${subject}`],
      ['(command line)', undefined, `team/app@${subject}`],
    ]);
  });

  it('refuses what cannot have one, and says what to do', async () => {
    const attach = (target: string) => attachStoredSbom({ installation, target, format: 'spdx' });
    await store('unscanned');
    await expect(attach('own/team/unscanned:1.0')).rejects.toThrow('scan it in the console');
    await expect(attach('own/team/missing:1.0')).rejects.toThrow('it must be stored here');
    await expect(attach('dir:/srv/root')).rejects.toThrow('it must be an image of this registry');
    await store('full', [{ name: 'zlib', version: '1.2.8-r2' }]);
    const limit = (quota_bytes: number | null) =>
      database.db.updateTable('namespace').set({ quota_bytes }).where('id', '=', namespaceId).execute();
    await limit(1);
    await expect(attach('own/team/full:1.0')).rejects.toThrow('ask a system administrator');
    await limit(null);
  });
});
