import { constants, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import type { FileSystem, OpenFile } from './file-system.ts';

/** The calls of a file system with answers instead of errors, and folders that outlive a power cut. */
export class DurableFolders {
  readonly #fileSystem: FileSystem;
  /** Folders whose entry in the one above is known to be synced, or is being synced. */
  readonly #synced = new Map<string, Promise<void>>();

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  /**
   * Makes a folder and its parents, and syncs the entry of each in the one above it, also of those that were there: who
   * made them may have been killed before its sync. Each is synced once in a process.
   */
  async make(path: string): Promise<void> {
    const made = this.#synced.get(path) ?? this.#make(path);
    this.#synced.set(path, made);
    try {
      await made;
    } catch (error) {
      if (this.#synced.get(path) === made) this.#synced.delete(path);
      throw error;
    }
  }

  async sync(path: string): Promise<void> {
    const handle = await this.#fileSystem.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async openOrUndefined(path: string, flags: number): Promise<OpenFile | undefined> {
    return await unlessNotFound(this.#fileSystem.open(path, flags));
  }

  async statOrUndefined(path: string): Promise<Pick<Stats, 'size' | 'mtime'> | undefined> {
    return await unlessNotFound(this.#fileSystem.stat(path));
  }

  async remove(path: string): Promise<void> {
    await unlessNotFound(this.#fileSystem.unlink(path));
  }

  /** Names in a folder; the empty name when it is a file. Empty when it is gone. */
  async namesIn(path: string): Promise<readonly string[]> {
    try {
      return await this.#fileSystem.readdir(path);
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR') return [''];
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async #make(path: string): Promise<void> {
    const parent = dirname(path);
    if (parent === path) return;
    const isNew = await this.#mkdir(path).catch(async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
      await this.make(parent);
      return await this.#mkdir(path);
    });
    try {
      await this.sync(parent);
    } catch (error) {
      // A folder that others made may lie in one that this user may pass but not open.
      if (isNew || codeOf(error) !== 'EACCES') throw error;
    }
  }

  /** False when it is there already. */
  async #mkdir(path: string): Promise<boolean> {
    try {
      await this.#fileSystem.mkdir(path, { mode: 0o700 });
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  }
}

async function unlessNotFound<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
