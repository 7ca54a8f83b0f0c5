import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ArchiveError } from '../bytes/archive-error.ts';
import { TarReader } from '../bytes/tar-reader.ts';
import { resolvePath } from './_resolve-path.ts';
import { ImageUnreadableError } from './image-unreadable-error.ts';

/** Named files of a layout, in a directory or in a tar archive that is never unpacked. */
export interface ArchiveFiles {
  /** Size in bytes, or undefined when there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** The file's bytes; call only for files that have a size. */
  open(path: string): Promise<Readable>;
}

const readChunkBytes = 1024 * 1024;

/** Files below a directory. `path` must be one that this project made up: it is not checked. */
export function directoryFiles(root: string): ArchiveFiles {
  return {
    size: async (path) => {
      const found = await stat(join(root, path)).catch(() => undefined);
      return found?.isFile() === true ? found.size : undefined;
    },
    open: async (path) => createReadStream(join(root, path), { highWaterMark: readChunkBytes }),
  };
}

interface Member {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Members of a tar archive by cleaned path; links inside it are followed. Throws `ImageUnreadableError`. */
export async function tarFiles(archive: string): Promise<ArchiveFiles> {
  const members = new Map<string, Member>();
  const links = new Map<string, string>();
  try {
    await indexMembers(archive, members, links);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw new ImageUnreadableError('invalid', `Cannot open "${archive}": ${error.message}`, { cause: error });
  }
  const memberAt = (path: string): Member | undefined => {
    const place = resolvePath(path, (link) => links.get(link));
    return place === undefined ? undefined : members.get(place);
  };
  return {
    size: async (path) => memberAt(path)?.sizeBytes,
    open: async (path) => {
      const member = memberAt(path);
      if (member === undefined || member.sizeBytes === 0) return Readable.from([]);
      return createReadStream(archive, {
        start: member.offset,
        end: member.offset + member.sizeBytes - 1,
        highWaterMark: readChunkBytes,
      });
    },
  };
}

async function indexMembers(
  archive: string,
  members: Map<string, Member>,
  links: Map<string, string>,
): Promise<void> {
  const reader = new TarReader({
    entry: (entry) => {
      members.delete(entry.path);
      links.delete(entry.path);
      if (entry.type === 'file' && !entry.isSparse) {
        members.set(entry.path, { offset: reader.bodyOffset, sizeBytes: entry.sizeBytes });
      } else if (entry.type === 'symlink') links.set(entry.path, entry.linkTarget);
      else if (entry.type === 'hardlink') links.set(entry.path, `/${entry.linkTarget}`);
      return 0;
    },
    body: () => undefined,
  });
  const file = await open(archive);
  try {
    await refuseCompressed(archive, file);
    const { size } = await file.stat();
    const buffer = Buffer.alloc(64 * 1024);
    for (let position = 0; position < size; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      reader.write(Buffer.from(buffer.subarray(0, bytesRead)));
      position += bytesRead;
      const jump = Math.min(reader.skippableBytes, size - position);
      if (jump > 0) reader.skip(jump);
      position += jump;
    }
    reader.end();
  } finally {
    await file.close();
  }
}

async function refuseCompressed(archive: string, file: Awaited<ReturnType<typeof open>>): Promise<void> {
  const magic = Buffer.alloc(4);
  await file.read(magic, 0, 4, 0);
  if (magic.readUInt16BE(0) === 0x1f8b || magic.readUInt32BE(0) === 0x28b52ffd) {
    throw new ImageUnreadableError(
      'unsupported',
      `Cannot open "${archive}": the archive must not be compressed as a whole, unpack it first (gzip -d or zstd -d)`,
    );
  }
}
