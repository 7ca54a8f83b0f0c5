import type { FileHandle } from 'node:fs/promises';
import { ArchiveError } from './archive-error.ts';
import { TarReader } from './tar-reader.ts';

/** A regular file of a tar archive: where its bytes are. */
export interface TarFileMember {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What an archive holds besides directories and devices, by cleaned path; of two members of one path the later counts. */
export interface TarIndex {
  readonly files: ReadonlyMap<string, TarFileMember>;
  /** Targets of symbolic and hard links, as the archive has them; those of hard links begin with a slash. */
  readonly links: ReadonlyMap<string, string>;
}

/** Lists the members of a tar archive without reading their bodies. Throws `ArchiveError`. */
export async function readTarFile(file: FileHandle): Promise<TarIndex> {
  await refuseCompressed(file);
  const files = new Map<string, TarFileMember>();
  const links = new Map<string, string>();
  const reader = new TarReader({
    entry: (entry) => {
      files.delete(entry.path);
      links.delete(entry.path);
      if (entry.type === 'file' && !entry.isSparse) {
        files.set(entry.path, { offset: reader.bodyOffset, sizeBytes: entry.sizeBytes });
      } else if (entry.type === 'symlink') links.set(entry.path, entry.linkTarget);
      else if (entry.type === 'hardlink') links.set(entry.path, `/${entry.linkTarget}`);
      return 0;
    },
    body: () => undefined,
  });
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
  return { files, links };
}

async function refuseCompressed(file: FileHandle): Promise<void> {
  const magic = Buffer.alloc(4);
  await file.read(magic, 0, 4, 0);
  if (magic.readUInt16BE(0) === 0x1f8b || magic.readUInt32BE(0) === 0x28b52ffd) {
    throw new ArchiveError(
      'unsupported',
      'Cannot read the archive: it must not be compressed as a whole, unpack it first (gzip -d or zstd -d)',
    );
  }
}
