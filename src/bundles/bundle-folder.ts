import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'pratique-bundle-';
/** Longer than any import takes. */
const abandonedMs = 24 * 3_600_000;

export interface BundleFolder extends AsyncDisposable {
  readonly path: string;
}

/** An empty folder for a bundle's layers, removed with its contents when it is disposed of; also removes what killed processes left a day ago. */
export async function bundleFolder(now: Date): Promise<BundleFolder> {
  await removeAbandoned(now);
  const path = await mkdtemp(join(tmpdir(), prefix));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function removeAbandoned(now: Date): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const path = join(tmpdir(), name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || now.getTime() - found.mtimeMs < abandonedMs) continue;
    // Another user's is not ours to remove.
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
