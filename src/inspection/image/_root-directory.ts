import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createHasher } from '../../bytes/digest.ts';
import { type TarMember, tarHeader, tarPadding, tarTrailer } from '../../bytes/tar-writer.ts';
import type { Digest } from '../../oci/digest.ts';
import { ociLayerMediaType } from '../../oci/media-types.ts';
import type { Image } from './image.ts';
import { ImageUnreadableError } from './image-unreadable-error.ts';

const readChunkBytes = 1024 * 1024;
/** Kernel views that hold no files: proc, sysfs, cgroup2, devpts (linux/magic.h). */
const kernelFileSystems: ReadonlySet<number> = new Set([0x9fa0, 0x62656572, 0x63677270, 0x1cd1]);

interface DirectoryMember {
  readonly tar: TarMember;
  /** What tells one state of the file from the next. */
  readonly stamp: string;
}

/**
 * Opens a directory as an image of one layer. Links are entries like any other and never followed, so nothing outside is
 * read. The digests name the listing (paths, sizes, times), not bytes: they serve to tell two states apart.
 */
export async function openRootDirectory(path: string): Promise<Image> {
  const root = await realpath(path);
  const members: DirectoryMember[] = [];
  await walk(root, '', (await lstat(root)).dev, members);
  const digest = digestOfListing(members);
  return {
    digest,
    configDigest: digest,
    platform: { os: 'linux', architecture: 'unknown' },
    history: [],
    configTexts: [],
    layers: [
      {
        digest,
        index: 0,
        sizeBytes: members.reduce((sum, { tar }) => sum + (tar.sizeBytes ?? 0), 0),
        mediaType: ociLayerMediaType,
        open: async () => Readable.from(archive(root, members)),
      },
    ],
  };
}

async function walk(
  root: string,
  directory: string,
  device: number,
  members: DirectoryMember[],
): Promise<void> {
  const names = (await readdir(join(root, directory))).sort();
  for (const name of names) {
    const path = directory === '' ? name : `${directory}/${name}`;
    const place = join(root, path);
    const found = await lstat(place, { bigint: true });
    const modifiedAtMs = Number(found.mtimeMs);
    const stamp = `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
    if (found.isDirectory()) {
      members.push({ tar: { path: `${path}/`, type: 'directory', modifiedAtMs }, stamp });
      const isMount = Number(found.dev) !== device;
      if (isMount && kernelFileSystems.has((await statfs(place)).type)) continue;
      await walk(root, path, Number(found.dev), members);
    } else if (found.isSymbolicLink()) {
      members.push({
        tar: { path, type: 'symlink', linkTarget: await readlink(place), modifiedAtMs },
        stamp,
      });
    } else if (found.isFile()) {
      members.push({ tar: { path, type: 'file', sizeBytes: Number(found.size), modifiedAtMs }, stamp });
    }
  }
}

function digestOfListing(members: readonly DirectoryMember[]): Digest {
  const hasher = createHasher('sha256');
  for (const { tar, stamp } of members) {
    hasher.update(Buffer.from(JSON.stringify([tar.path, tar.type, tar.linkTarget ?? '', stamp])));
  }
  return hasher.digest();
}

async function* archive(root: string, members: readonly DirectoryMember[]): AsyncGenerator<Buffer> {
  for (const { tar } of members) {
    yield tarHeader(tar);
    if (tar.type !== 'file' || tar.sizeBytes === undefined || tar.sizeBytes === 0) continue;
    yield* fileBytes(join(root, tar.path), tar.sizeBytes);
    yield tarPadding(tar.sizeBytes);
  }
  yield tarTrailer();
}

async function* fileBytes(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let left = sizeBytes; left > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(left, readChunkBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) {
        throw new ImageUnreadableError(
          'invalid',
          `Cannot read "${path}": it must not shrink while it is read`,
        );
      }
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
