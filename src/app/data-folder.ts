import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from './start-error.ts';

// <data>/
//   admin-password   password of `admin` that the first start made (0600)
//   blobs/           the file blob store, unless PRATIQUE_BLOBS names another folder
//   postgresql/      the embedded PostgreSQL, unless DATABASE_URL is set (database/_cluster.ts)
//   secret-key       32 bytes that seal the secrets in the database (0600)

const secretKeySizeBytes = 32;

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes the data folder (0700) when it is absent and tries to write in it. Throws `StartError`. */
export async function ensureDataFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    const probe = path.join(folder, `.write-test-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    throw new StartError(
      `Cannot use the data folder "${folder}": it must be a folder that this user may write in, got ${reasonOf(cause)}`,
      { cause },
    );
  }
}

/** As a recursive `mkdir()`, which never ends below /proc, where a parent that is there still says ENOENT (Node 24). */
async function makeFolder(folder: string): Promise<void> {
  const make = async () => {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  };
  try {
    await make();
  } catch (error) {
    const parent = path.dirname(folder);
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT') || parent === folder)
      throw error;
    await makeFolder(parent);
    await make();
  }
}

/** Writes a private file that appears whole or not at all; false when it was there already. */
async function createPrivateFile(file: string, content: Buffer | string): Promise<boolean> {
  const unfinished = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  const handle = await open(unfinished, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(unfinished, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** The key that seals secrets in the database; made at the first start. Throws `StartError` when it is damaged. */
export async function ensureSecretKey(folder: string): Promise<Buffer> {
  const file = path.join(folder, 'secret-key');
  const read = () => readFile(file).catch(() => undefined);
  let key = await read();
  if (key === undefined) {
    await createPrivateFile(file, randomBytes(secretKeySizeBytes));
    key = await read();
  }
  if (key?.length === secretKeySizeBytes) {
    await chmod(file, 0o600);
    return key;
  }
  throw new StartError(
    `Cannot use the key "${file}": it must hold ${secretKeySizeBytes} bytes, got ${key?.length ?? 'nothing'}; put it back from a backup`,
  );
}

/** Keeps the generated password of `admin` for whoever may read the data folder; returns the file. */
export async function writeAdminPassword(folder: string, password: string): Promise<string> {
  const file = path.join(folder, 'admin-password');
  await rm(file, { force: true });
  await createPrivateFile(file, `${password}\n`);
  return file;
}
