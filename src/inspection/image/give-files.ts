import type { Readable } from 'node:stream';
import type { InflateLimits } from '../../bytes/inflate.ts';
import type { TarBodyRest, TarEntry, TarLimits, TarVisitor } from '../../bytes/tar-entry.ts';
import { readMembers } from './_read-members.ts';

export interface LayerFile {
  readonly path: string;
  /** Never 0. */
  readonly sizeBytes: number;
}

/** Takes the files of a layer, one after the other. */
export interface FileReceiver {
  /** A file begins; its bytes follow, unless the layer breaks off. */
  file(file: LayerFile): void;
  /** The next of its bytes, in pieces of any length; valid during the call only. */
  piece(bytes: Buffer): void;
  /** Resolves when more may come. */
  ready(): Promise<void>;
}

export interface FilesLimits {
  readonly inflate: InflateLimits;
  readonly tar: TarLimits;
  /** A larger file is not given. */
  readonly fileBytesMax: number;
}

/** Part of a layer that was not given. */
export interface UngivenFiles {
  /** `limit:file`, or the code of an `ArchiveError`. */
  readonly code: string;
  /** What was wrong first; one sentence without a full stop. */
  readonly message: string;
  /** The first such file; absent when it concerns the whole layer. */
  readonly path?: string;
  readonly fileCount: number;
}

/** A body is handed on in pieces; what is shorter comes in one. */
const bodyBytesMax = 64 * 1024;

/**
 * Reads a layer once and gives every regular file that is not empty, hidden ones too; nothing is written anywhere. Content
 * that is broken, ambiguous or above a limit is not given, and told; nothing is missing only when nothing is told. Errors of the
 * source are thrown.
 */
export async function giveFiles(options: {
  readonly open: () => Promise<Readable>;
  readonly receiver: FileReceiver;
  readonly limits: FilesLimits;
  /** Told of the inflated bytes so far, after each piece. */
  readonly onProgress?: (inflatedBytes: number) => void;
}): Promise<readonly UngivenFiles[]> {
  const { receiver, limits } = options;
  const visitor = new FileVisitor(receiver, limits.fileBytesMax);
  let inflatedBytes = 0;
  const onRead = async (chunk: Buffer): Promise<void> => {
    inflatedBytes += chunk.length;
    options.onProgress?.(inflatedBytes);
    await receiver.ready();
  };
  const { error } = await readMembers({ open: options.open, visitor, limits, onRead });
  if (error !== undefined) visitor.leave({ code: error.code, message: error.message });
  return visitor.ungiven;
}

class FileVisitor implements TarVisitor {
  readonly #receiver: FileReceiver;
  readonly #fileBytesMax: number;
  readonly #ungiven = new Map<string, UngivenFiles>();

  constructor(receiver: FileReceiver, fileBytesMax: number) {
    this.#receiver = receiver;
    this.#fileBytesMax = fileBytesMax;
  }

  get ungiven(): readonly UngivenFiles[] {
    return [...this.#ungiven.values()];
  }

  entry({ path, sizeBytes, type }: TarEntry): number {
    // A hard link's content is that of the file it names; an empty file holds nothing.
    if (type !== 'file' || sizeBytes === 0) return 0;
    if (sizeBytes > this.#fileBytesMax) {
      const message = `a file must not exceed ${this.#fileBytesMax} bytes`;
      this.leave({ code: 'limit:file', message, path });
      return 0;
    }
    this.#receiver.file({ path, sizeBytes });
    return Math.min(sizeBytes, bodyBytesMax);
  }

  body(bytes: Buffer): void {
    this.#receiver.piece(bytes);
  }

  rest(): TarBodyRest {
    return { piece: (bytes) => this.#receiver.piece(bytes), end: () => undefined };
  }

  /** Of one kind they are counted, not listed. */
  leave(left: Omit<UngivenFiles, 'fileCount'>): void {
    const known = this.#ungiven.get(left.code);
    const fileCount = (known?.fileCount ?? 0) + (left.path === undefined ? 0 : 1);
    this.#ungiven.set(left.code, { ...(known ?? left), fileCount });
  }
}
