import { randomBytes, randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { digestOf } from '../bytes/digest.ts';
import { describeBlobStore } from './blob-store.conformance.ts';
import { FileStore } from './file-store.ts';

describeBlobStore('FileStore', async () => {
  const root = await mkdtemp(join(tmpdir(), 'file-store-'));
  return {
    store: await FileStore.open(root),
    reopen: () => FileStore.open(root),
    close: () => rm(root, { recursive: true }),
  };
});

it('FileStore hashes the file again when another process wrote to the upload', async () => {
  const root = await mkdtemp(join(tmpdir(), 'file-store-'));
  try {
    const store = await FileStore.open(root);
    for (const tamper of [appendFile, writeFile]) {
      const bytes = randomBytes(1_000);
      const id = randomUUID();
      await store.create(id);
      await store.append(id, 0, Readable.from([bytes]));
      await setTimeout(20); // a file system's clock ticks every few milliseconds
      await tamper(join(root, 'uploads', id), randomBytes(1_000));
      expect((await store.commit(id, digestOf(bytes))).kind).toBe('mismatch');
    }
  } finally {
    await rm(root, { recursive: true });
  }
});

it('FileStore names each file after its content and leaves nothing else', async () => {
  const root = await mkdtemp(join(tmpdir(), 'file-store-'));
  try {
    const store = await FileStore.open(root);
    const bytes = randomBytes(1_000);
    const id = randomUUID();
    await store.create(id);
    await store.append(id, 0, Readable.from([bytes]));
    await store.commit(id, digestOf(bytes));
    const hex = digestOf(bytes).slice(7);
    const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map((file) => join(file.parentPath, file.name))).toEqual([
      join(root, 'blobs', 'sha256', hex.slice(0, 2), `${hex}.${id.replaceAll('-', '')}`),
    ]);
  } finally {
    await rm(root, { recursive: true });
  }
});
