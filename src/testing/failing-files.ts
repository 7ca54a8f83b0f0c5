import type { FileSystem, OpenFile } from '../storage/file-system.ts';

/** The calls of a real file system, each of which a test can make fail or slow. */
export class FailingFiles implements FileSystem {
  readonly #real: FileSystem;
  /** Names of the calls so far, in order. */
  calls: string[] = [];
  /** The call with this number (from 1) fails with this code; 0: none. */
  failure: { readonly call: number; readonly code: string } = { call: 0, code: '' };
  /** What each sync waits for. */
  beforeSync: () => Promise<void> = async () => {};

  constructor(real: FileSystem) {
    this.#real = real;
  }

  async open(path: string, flags: string | number, mode?: number): Promise<OpenFile> {
    return await this.#call('open', async () => this.#watch(await this.#real.open(path, flags, mode)));
  }

  stat(path: string) {
    return this.#call('stat', () => this.#real.stat(path));
  }

  readdir(path: string) {
    return this.#call('readdir', () => this.#real.readdir(path));
  }

  mkdir(path: string, options: { readonly mode: number }) {
    return this.#call('mkdir', () => this.#real.mkdir(path, options));
  }

  rename(from: string, to: string) {
    return this.#call('rename', () => this.#real.rename(from, to));
  }

  unlink(path: string) {
    return this.#call('unlink', () => this.#real.unlink(path));
  }

  copyFile(from: string, to: string, mode: number) {
    return this.#call('copyFile', () => this.#real.copyFile(from, to, mode));
  }

  #watch(file: OpenFile): OpenFile {
    const sync = async (name: string, call: () => Promise<void>) =>
      await this.#call(name, async () => {
        await this.beforeSync();
        await call();
      });
    return {
      stat: (options) => this.#call('fstat', () => file.stat(options)),
      createReadStream: (options) => file.createReadStream(options),
      read: (buffer, offset, length, position) =>
        this.#call('read', () => file.read(buffer, offset, length, position)),
      // Half of it arrives before it fails.
      write: (bytes, offset, length, position) =>
        this.#call(
          'write',
          () => file.write(bytes, offset, length, position),
          () => file.write(bytes, offset, Math.floor(length / 2), position),
        ),
      writev: (buffers, position) =>
        this.#call(
          'writev',
          () => file.writev(buffers, position),
          () => file.writev(buffers.slice(0, Math.floor(buffers.length / 2)), position),
        ),
      truncate: (sizeBytes) => this.#call('ftruncate', () => file.truncate(sizeBytes)),
      datasync: () => sync('fdatasync', () => file.datasync()),
      sync: () => sync('fsync', () => file.sync()),
      close: () => file.close(),
    };
  }

  async #call<Result>(
    name: string,
    call: () => Promise<Result>,
    partly?: () => Promise<unknown>,
  ): Promise<Result> {
    this.calls.push(name);
    if (this.calls.length !== this.failure.call) return await call();
    await partly?.();
    const { code } = this.failure;
    throw Object.assign(new Error(`${code}: injected into ${name}`), { code, syscall: name });
  }
}
