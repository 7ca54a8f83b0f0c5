import type { Stats } from 'node:fs';
import * as files from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** What the store does with an open file. */
export interface OpenFile {
  stat(options: {
    readonly bigint: true;
  }): Promise<{ readonly size: bigint; readonly ino: bigint; readonly mtimeNs: bigint }>;
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  createReadStream(options: {
    readonly start?: number;
    readonly end?: number;
    readonly autoClose?: boolean;
    readonly highWaterMark?: number;
  }): Readable;
  write(
    bytes: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  writev(buffers: readonly Buffer[], position: number): Promise<{ readonly bytesWritten: number }>;
  truncate(sizeBytes: number): Promise<void>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The calls of an operating system that the file store is built on, with the contracts of `node:fs/promises`: what
 * survives a power cut is what these were asked to sync, and nothing else. Tests record them, and make them fail.
 */
export interface FileSystem {
  open(path: string, flags: string | number, mode?: number): Promise<OpenFile>;
  stat(path: string): Promise<Pick<Stats, 'size' | 'mtime'>>;
  readdir(path: string): Promise<string[]>;
  /** Fails with EEXIST when it is there. */
  mkdir(path: string, options: { readonly mode: number }): Promise<unknown>;
  rename(from: string, to: string): Promise<void>;
  /** Fails with ENOENT when it is not there. */
  unlink(path: string): Promise<void>;
  copyFile(from: string, to: string, mode: number): Promise<void>;
}

export const nodeFileSystem: FileSystem = files;
