import type { Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { OpenFile } from './file-system.ts';

/** Bytes gathered before one write: the network hands over 64 KiB at a time. */
const writeBytes = 1024 * 1024;

/**
 * Writes what the source gives from `offsetBytes` on and syncs it, also when the source breaks off: then `error` is why.
 * While one batch is written, the next is read and hashed. A failure of the file itself is thrown, and leaves the source
 * alone, so that its sender can still be answered.
 */
export async function writeStream(options: {
  readonly handle: OpenFile;
  readonly offsetBytes: number;
  readonly source: Readable;
  readonly hash: Hash | undefined;
  /** Told when a batch has been written, not yet synced. */
  readonly onWritten?: () => void;
}): Promise<{ readonly offsetBytes: number; readonly error?: unknown }> {
  const { handle, hash } = options;
  let offsetBytes = options.offsetBytes;
  let batch: Buffer[] = [];
  let batchBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async () => {
    await writing;
    if (batchBytes === 0) return;
    writing = writeFully(handle, batch, offsetBytes).then(options.onWritten);
    writing.catch(() => {}); // thrown by the next await of it
    offsetBytes += batchBytes;
    batch = [];
    batchBytes = 0;
  };
  let error: unknown;
  try {
    for await (const chunk of options.source.iterator({ destroyOnReturn: false })) {
      const bytes: Buffer = chunk; // a byte stream without an encoding
      hash?.update(bytes);
      batch.push(bytes);
      batchBytes += bytes.length;
      if (batchBytes >= writeBytes) await flush();
    }
  } catch (cause) {
    await writing; // a failed write is the better reason
    error = cause;
  }
  await flush();
  await writing;
  await syncOrTruncate(handle, options.offsetBytes);
  return error === undefined ? { offsetBytes } : { offsetBytes, error };
}

/**
 * After a sync that failed, the kernel may take bytes for written that are lost, and a later sync would not say so
 * (PostgreSQL met that in 2018, https://wiki.postgresql.org/wiki/Fsync_Errors). So they are given up.
 */
async function syncOrTruncate(handle: OpenFile, soundBytes: number): Promise<void> {
  try {
    await handle.datasync();
  } catch (cause) {
    await handle.truncate(soundBytes);
    throw cause;
  }
}

async function writeFully(handle: OpenFile, buffers: readonly Buffer[], position: number): Promise<void> {
  const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  const first = await handle.writev([...buffers], position);
  if (first.bytesWritten === total) return;
  const rest = Buffer.concat(buffers).subarray(first.bytesWritten);
  let done = 0;
  while (done < rest.length) {
    const { bytesWritten } = await handle.write(
      rest,
      done,
      rest.length - done,
      position + first.bytesWritten + done,
    );
    done += bytesWritten;
  }
}
