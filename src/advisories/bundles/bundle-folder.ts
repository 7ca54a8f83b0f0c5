import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'pratique-bundle-';
/** Longer than any import or export takes. */
const abandonedMs = 24 * 3_600_000;

export interface BundleFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * An empty folder for a bundle's layers, removed with its contents when it is disposed of. Those that killed processes left
 * are removed by whoever makes one a day later.
 */
export async function bundleFolder(): Promise<BundleFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  await removeAbandoned(path);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** By the clock that dated all of them, whatever ours says. */
async function removeAbandoned(own: string): Promise<void> {
  const { mtimeMs: nowMs } = await stat(own);
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const path = join(tmpdir(), name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || nowMs - found.mtimeMs < abandonedMs) continue;
    // Another user's is not ours to remove.
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
