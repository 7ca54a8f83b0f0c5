import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Comparison } from '../versions/version-order.ts';
import { askInBatch } from './ask-in-batch.ts';
import type { VersionPair } from './samples/version-pairs.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };
const answers: Readonly<Record<string, Comparison>> = { '<': 'less', '=': 'equal', '>': 'greater' };

/** The real apk of Alpine 3.12.12 (apk-tools 2.10.8), run by its own loader from a temporary folder. */
export interface ApkOracle {
  compare(pairs: readonly VersionPair[]): Promise<readonly (Comparison | undefined)[]>;
  close(): void;
}

/** Undefined where the binary cannot run: not Linux, or a processor that the shared data has no Alpine for. */
export async function openApkOracle(shared: string): Promise<ApkOracle | undefined> {
  const architecture = architectures[process.arch];
  if (process.platform !== 'linux' || architecture === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'pratique-apk-'));
  await unpack(join(shared, `images/alpine/alpine-minirootfs-3.12.12-${architecture}.tar.gz`), folder);
  const command = `./lib/ld-musl-${architecture}.so.1 --library-path lib ./sbin/apk version -t "$a" "$b"`;
  return {
    compare: async (pairs) => (await askInBatch({ command, pairs, folder })).map((answer) => answers[answer]),
    close: () => rmSync(folder, { recursive: true }),
  };
}

async function unpack(archive: string, folder: string): Promise<void> {
  const entries = createReadStream(archive).pipe(createGunzip()).pipe(extract());
  for await (const entry of entries) {
    const name = entry.header.name.replace(/^\.\//, '');
    const target = join(folder, name);
    if (!/^(?:sbin\/apk|lib\/[^/]+)$/.test(name) || entry.header.type === 'directory') {
      entry.resume();
      continue;
    }
    await mkdir(dirname(target), { recursive: true });
    if (entry.header.type === 'symlink') {
      entry.resume();
      await symlink(entry.header.linkname ?? '', target);
    } else {
      await writeFile(target, await buffer(entry));
      await chmod(target, 0o755);
    }
  }
}
