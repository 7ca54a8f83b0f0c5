import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { FileSystem, OpenFile } from '../storage/file-system.ts';

/** A change that a file system was asked for; `sync-file` and `sync-folder` make those before them durable. */
export type FileOperation =
  | { readonly kind: 'mkdir'; readonly path: string }
  | { readonly kind: 'create'; readonly path: string; readonly inode: number }
  | { readonly kind: 'rename'; readonly from: string; readonly path: string; readonly inode: number }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'write'; readonly inode: number; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly inode: number; readonly sizeBytes: number }
  | { readonly kind: 'sync-file'; readonly inode: number }
  | { readonly kind: 'sync-folder'; readonly path: string };

interface Inode {
  bytes: Buffer;
  changes: number;
}

/**
 * Files in memory that keep a record of what was asked of them, so that `replay()` can make what a disk may have after
 * the power went: every change that was synced, and any of the others. A rename is taken to happen whole or not at all,
 * as journalling file systems promise; it counts as synced when the folder that the file came to is.
 */
export class PowerLossFiles implements FileSystem {
  readonly operations: FileOperation[] = [];
  readonly #entries = new Map<string, number | 'folder'>();
  readonly #inodes = new Map<number, Inode>();
  readonly #ignoresSync: (operation: FileOperation) => boolean;

  /** `ignoresSync`: syncs that are forgotten, to show that their absence is noticed. */
  constructor(ignoresSync: (operation: FileOperation) => boolean = () => false) {
    this.#ignoresSync = ignoresSync;
  }

  /** The files after these operations, all of them carried out. Folders that were not made are not there. */
  static replay(operations: readonly FileOperation[]): PowerLossFiles {
    const replayed = new PowerLossFiles();
    for (const operation of operations) replayed.#apply(operation);
    for (const path of [...replayed.#entries.keys()]) {
      if (!replayed.#isReachable(path)) replayed.#entries.delete(path);
    }
    return replayed;
  }

  /** What is there, with the bytes of files. */
  entries(): ReadonlyMap<string, Buffer | 'folder'> {
    return new Map(
      [...this.#entries].map(([path, entry]) => [
        path,
        entry === 'folder' ? entry : this.#inode(entry).bytes,
      ]),
    );
  }

  async open(path: string, flags: string | number): Promise<OpenFile> {
    let entry = this.#entries.get(path);
    if (flags === 'wx') {
      if (entry !== undefined) throw failure('EEXIST', path);
      this.#needFolder(path);
      entry = this.#inodes.size + 1;
      this.#do({ kind: 'create', path, inode: entry });
    }
    const isFolder = typeof flags === 'number' && (flags & constants.O_DIRECTORY) !== 0;
    if (entry === undefined && !(isFolder && path === '/')) throw failure('ENOENT', path);
    if (entry === undefined || entry === 'folder') return this.#openFolder(path);
    return this.#openFile(entry);
  }

  async stat(path: string): Promise<{ readonly size: number; readonly mtime: Date }> {
    const entry = this.#entries.get(path);
    if (entry === undefined) throw failure('ENOENT', path);
    return { size: entry === 'folder' ? 0 : this.#inode(entry).bytes.length, mtime: new Date(0) };
  }

  async readdir(path: string): Promise<string[]> {
    if (typeof this.#entries.get(path) === 'number') throw failure('ENOTDIR', path);
    if (!this.#entries.has(path)) throw failure('ENOENT', path);
    return [...this.#entries.keys()].flatMap((other) =>
      dirname(other) === path ? [other.slice(path.length + 1)] : [],
    );
  }

  async mkdir(path: string): Promise<void> {
    if (this.#entries.has(path)) throw failure('EEXIST', path);
    this.#needFolder(path);
    this.#do({ kind: 'mkdir', path });
  }

  async rename(from: string, path: string): Promise<void> {
    const inode = this.#entries.get(from);
    if (typeof inode !== 'number') throw failure('ENOENT', from);
    this.#needFolder(path);
    this.#do({ kind: 'rename', from, path, inode });
  }

  async unlink(path: string): Promise<void> {
    if (!this.#entries.has(path)) throw failure('ENOENT', path);
    this.#do({ kind: 'unlink', path });
  }

  async copyFile(from: string, to: string): Promise<void> {
    const source = this.#entries.get(from);
    if (typeof source !== 'number') throw failure('ENOENT', from);
    const target = await this.open(to, 'wx');
    const { bytes } = this.#inode(source);
    await target.write(bytes, 0, bytes.length, 0);
  }

  #openFolder(path: string): OpenFile {
    const refuse = async () => {
      throw failure('EISDIR', path);
    };
    return {
      sync: async () => this.#do({ kind: 'sync-folder', path }),
      datasync: async () => this.#do({ kind: 'sync-folder', path }),
      close: async () => {},
      stat: refuse,
      write: refuse,
      writev: refuse,
      truncate: refuse,
      read: refuse,
      createReadStream: () => Readable.from([]),
    };
  }

  #openFile(inode: number): OpenFile {
    const write = async (bytes: Buffer, position: number) => {
      this.#do({ kind: 'write', inode, position, bytes });
      return { bytesWritten: bytes.length };
    };
    const sync = async () => this.#do({ kind: 'sync-file', inode });
    return {
      sync,
      datasync: sync,
      close: async () => {},
      stat: async () => {
        const { bytes, changes } = this.#inode(inode);
        return { size: BigInt(bytes.length), ino: BigInt(inode), mtimeNs: BigInt(changes) };
      },
      write: (bytes, offset, length, position) => write(bytes.subarray(offset, offset + length), position),
      writev: (buffers, position) => write(Buffer.concat(buffers), position),
      truncate: async (sizeBytes) => this.#do({ kind: 'truncate', inode, sizeBytes }),
      read: async (buffer, offset, length, position) => ({
        bytesRead: this.#inode(inode).bytes.copy(buffer, offset, position, position + length),
      }),
      createReadStream: ({ start = 0, end = Number.POSITIVE_INFINITY }) => {
        const bytes = this.#inode(inode).bytes.subarray(start, end + 1);
        return Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false });
      },
    };
  }

  #needFolder(path: string): void {
    const parent = dirname(path);
    if (parent !== '/' && this.#entries.get(parent) !== 'folder') throw failure('ENOENT', path);
  }

  #do(operation: FileOperation): void {
    this.#apply(operation);
    if (!this.#ignoresSync(operation)) this.operations.push(operation);
  }

  #apply(operation: FileOperation): void {
    switch (operation.kind) {
      case 'mkdir':
        this.#entries.set(operation.path, 'folder');
        return;
      case 'create':
        this.#entries.set(operation.path, operation.inode);
        this.#inode(operation.inode);
        return;
      case 'rename':
        if (this.#entries.get(operation.from) === operation.inode) this.#entries.delete(operation.from);
        this.#entries.set(operation.path, operation.inode);
        this.#inode(operation.inode);
        return;
      case 'unlink':
        this.#entries.delete(operation.path);
        return;
      case 'write': {
        const inode = this.#inode(operation.inode);
        const end = operation.position + operation.bytes.length;
        const bytes = Buffer.alloc(Math.max(inode.bytes.length, end));
        inode.bytes.copy(bytes);
        operation.bytes.copy(bytes, operation.position);
        inode.bytes = bytes;
        inode.changes += 1;
        return;
      }
      case 'truncate': {
        const inode = this.#inode(operation.inode);
        inode.bytes = inode.bytes.subarray(0, operation.sizeBytes);
        inode.changes += 1;
        return;
      }
      case 'sync-file':
      case 'sync-folder':
        return;
    }
  }

  #inode(number: number): Inode {
    let inode = this.#inodes.get(number);
    if (inode === undefined) {
      inode = { bytes: Buffer.of(), changes: 0 };
      this.#inodes.set(number, inode);
    }
    return inode;
  }

  #isReachable(path: string): boolean {
    for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) {
      if (this.#entries.get(parent) !== 'folder') return false;
    }
    return true;
  }
}

/** Those of the first `count` operations that no later one of them has made durable, by their place. */
export function unsyncedOperations(operations: readonly FileOperation[], count: number): readonly number[] {
  const files = new Set<number>();
  const folders = new Set<string>();
  const unsynced: number[] = [];
  for (let at = count - 1; at >= 0; at -= 1) {
    const operation = operations[at];
    if (operation === undefined) continue;
    if (operation.kind === 'sync-file') files.add(operation.inode);
    else if (operation.kind === 'sync-folder') folders.add(operation.path);
    else {
      const isSynced =
        'path' in operation ? folders.has(dirname(operation.path)) : files.has(operation.inode);
      if (!isSynced) unsynced.push(at);
    }
  }
  return unsynced.reverse();
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
