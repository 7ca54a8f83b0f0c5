import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createGunzip, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import type { Comparison } from '../versions/version-order.ts';
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
  return {
    compare: (pairs) => compareInstalled({ folder, architecture, pairs }),
    close: () => rmSync(folder, { recursive: true }),
  };
}

interface Comparing {
  readonly folder: string;
  readonly architecture: string;
  readonly pairs: readonly VersionPair[];
}

/**
 * `apk version` compares all packages that are installed with those of a repository, so the first of each pair is listed as installed and the
 * second as to be had: one process answers all.
 */
async function compareInstalled({
  folder,
  architecture,
  pairs,
}: Comparing): Promise<readonly (Comparison | undefined)[]> {
  const listed = (place: 0 | 1) =>
    pairs.map((pair, index) => {
      const sum = createHash('sha1').update(`${index} ${place}`).digest('base64');
      return `C:Q1${sum}\nP:p${index}\nV:${pair[place]}\nA:${architecture}\nS:1\nI:1\nT:t\n\n`;
    });
  const [root, repository] = [join(folder, 'root'), join(folder, 'repository', architecture)];
  for (const path of [
    join(root, 'lib/apk/db'),
    join(root, 'etc/apk/keys'),
    join(root, 'var/cache/apk'),
    repository,
  ])
    await mkdir(path, { recursive: true });
  await writeFile(join(root, 'lib/apk/db/installed'), listed(0).join(''));
  for (const name of ['scripts.tar', 'triggers']) await writeFile(join(root, 'lib/apk/db', name), '');
  await writeFile(join(root, 'etc/apk/world'), '');
  await writeFile(join(root, 'etc/apk/repositories'), `${join(folder, 'repository')}\n`);
  const index = pack();
  index.entry({ name: 'APKINDEX' }, listed(1).join(''));
  index.finalize();
  await writeFile(join(repository, 'APKINDEX.tar.gz'), gzipSync(await buffer(index)));
  const options = ['--root', 'root', '--arch', architecture, '--allow-untrusted', '--no-network'];
  const { stdout } = await promisify(execFile)(
    `./lib/ld-musl-${architecture}.so.1`,
    [...['--library-path', 'lib', './sbin/apk', ...options], ...['version', '--limit', '<=>?']],
    { cwd: folder, maxBuffer: 2 ** 28 },
  );
  const found = new Map(
    [...stdout.matchAll(/^p(\d+)-\S+ +([<=>]) /gm)].map(([, number, sign = '']) => [
      Number(number),
      answers[sign],
    ]),
  );
  return pairs.map((_, place) => found.get(place));
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
