import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureDataFolder } from './data-folder.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'data-folder-'));
});
afterAll(() => rm(root, { recursive: true }));

describe('ensureDataFolder()', () => {
  it('makes a folder and its parents for this user alone, and takes one that is there', async () => {
    const folder = join(root, 'a', 'b');
    await ensureDataFolder(folder);
    await ensureDataFolder(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each(['/proc/nope', '/proc/nope/data', '/dev/null/data'])('refuses %s', async (folder) => {
    await expect(ensureDataFolder(folder)).rejects.toThrow(
      `Cannot use the data folder "${folder}": it must be a folder that this user may write in, got`,
    );
  });

  it('refuses a file', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    await expect(ensureDataFolder(file)).rejects.toThrow('Cannot use the data folder');
  });
});
