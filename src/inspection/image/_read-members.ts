import type { Readable } from 'node:stream';
import { ArchiveError } from '../../bytes/archive-error.ts';
import { type InflateLimits, inflate } from '../../bytes/inflate.ts';
import type { TarLimits, TarVisitor } from '../../bytes/tar-entry.ts';
import { TarReader } from '../../bytes/tar-reader.ts';

/** How far a layer could be read. */
export interface ReadMembers {
  readonly inflatedBytes: number;
  /** Absent when it was read to its end. */
  readonly error?: ArchiveError;
}

/**
 * Reads a layer once, from its beginning, and shows its members to the visitor; a layer that is broken, ambiguous or above a
 * limit is read as far as that. Throws what the source throws, and the signal's reason.
 */
export async function readMembers(options: {
  readonly open: () => Promise<Readable>;
  readonly visitor: TarVisitor;
  readonly limits: { readonly inflate: InflateLimits; readonly tar: TarLimits };
  readonly signal?: AbortSignal;
  /** An inflated piece, before its members are looked at. */
  readonly onChunk?: (chunk: Buffer) => void;
  /** Afterwards; the layer is read on when it resolves. */
  readonly onRead: (chunk: Buffer) => Promise<void> | void;
}): Promise<ReadMembers> {
  const { signal, limits } = options;
  signal?.throwIfAborted();
  const source = await options.open();
  const stop = (): void => {
    source.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
  };
  signal?.addEventListener('abort', stop, { once: true });
  const reader = new TarReader(options.visitor, limits.tar);
  let inflatedBytes = 0;
  try {
    for await (const chunk of inflate(source, limits.inflate)) {
      signal?.throwIfAborted();
      inflatedBytes += chunk.length;
      options.onChunk?.(chunk);
      reader.write(chunk);
      await options.onRead(chunk);
    }
    signal?.throwIfAborted();
    reader.end();
    return { inflatedBytes };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ArchiveError) return { inflatedBytes, error };
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    source.destroy();
  }
}
