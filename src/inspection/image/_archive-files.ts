import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ArchiveError } from '../../bytes/archive-error.ts';
import { readTarFile, type TarIndex } from '../../bytes/read-tar-file.ts';
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

/** Members of a tar archive by cleaned path; links inside it are followed. Throws `ImageUnreadableError`. */
export async function tarFiles(archive: string): Promise<ArchiveFiles> {
  const { files, links } = await indexOf(archive);
  const memberAt = (path: string) => {
    const place = resolvePath(path, (link) => links.get(link));
    return place === undefined ? undefined : files.get(place);
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

async function indexOf(archive: string): Promise<TarIndex> {
  const file = await open(archive);
  try {
    return await readTarFile(file);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    const problem = error.code === 'unsupported' ? 'unsupported' : 'invalid';
    throw new ImageUnreadableError(problem, `Cannot open "${archive}": ${error.message}`, { cause: error });
  } finally {
    await file.close();
  }
}
