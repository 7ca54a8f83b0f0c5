import { HeldBytes } from '../../bytes/held-bytes.ts';
import { isOutOfMemory } from '../../bytes/is-out-of-memory.ts';
import type { TarBodyRest } from '../../bytes/tar-entry.ts';
import { executableMagicBytes, isExecutable } from './_executable.ts';
import { MarkSearch } from './_mark-search.ts';
import type { ContentReading, LayerProbe } from './layer-probe.ts';

/** Most bytes that a content probe is shown to decide by; files up to here reach it in one piece. */
const headBytesMax = 64 * 1024;

export interface FileReadingsOutput<Found, Hit> {
  /** Comes beside what the file gave because of its path. */
  found(path: string, found: readonly Found[]): void;
  hits(path: string, hits: readonly Hit[]): void;
  /** The layer is not read whole, and why. */
  problem(code: string, message: string): void;
}

/** Reads what the probe wants of a file's content wherever the file lies: programs, and the content of every file. */
export class FileReadings<Found, Hit> {
  /** Leading bytes of every file that decide what is done with it. */
  readonly headBytes: number;
  executableCount = 0;
  readonly #probe: LayerProbe<Found, Hit>;
  readonly #output: FileReadingsOutput<Found, Hit>;
  #path = '';
  #program: HeldBytes | undefined;
  /** Looks through a program that is too large to be held. */
  #search: MarkSearch | undefined;
  #content: ContentReading<Hit> | undefined;

  constructor(probe: LayerProbe<Found, Hit>, output: FileReadingsOutput<Found, Hit>) {
    this.#probe = probe;
    this.#output = output;
    this.headBytes = probe.contents === undefined ? executableMagicBytes : headBytesMax;
  }

  /** Takes the beginning of a file, also of one that is wanted by its path: its name must not hide a program (threats.md D6). */
  begin(file: { readonly path: string; readonly sizeBytes: number }, head: Buffer): void {
    const { path, sizeBytes } = file;
    const isWhole = head.length === sizeBytes;
    this.#path = path;
    this.#program = undefined;
    this.#search = undefined;
    this.#content = undefined;
    if (isExecutable(head)) {
      this.executableCount += 1;
      this.#beginProgram(path, sizeBytes);
    }
    this.#attempt(() => {
      this.#content = this.#probe.contents?.start(path, head, isWhole);
    });
    this.#take(head);
    if (isWhole) this.#end();
  }

  /** Who takes the rest of the file; undefined when nobody wants it. */
  rest(): TarBodyRest | undefined {
    if ((this.#program ?? this.#search ?? this.#content) === undefined) return undefined;
    return { piece: (bytes) => this.#take(bytes), end: () => this.#end() };
  }

  #beginProgram(path: string, sizeBytes: number): void {
    const { programs } = this.#probe;
    if (programs === undefined) return;
    if (sizeBytes <= programs.sizeBytesMax) this.#program = new HeldBytes();
    else if (programs.isExpendable(path)) this.#search = new MarkSearch(programs.marks);
    else this.#refuseProgram(programs.sizeBytesMax);
  }

  #refuseProgram(sizeBytesMax: number): void {
    this.#output.problem('limit:file', `"${this.#path}" is larger than ${sizeBytesMax} bytes`);
  }

  #take(bytes: Buffer): void {
    this.#program?.add(bytes);
    this.#search?.take(bytes);
    this.#attempt(() => this.#content?.write(bytes));
  }

  #end(): void {
    const path = this.#path;
    const program = this.#program;
    if (program !== undefined) {
      this.#attempt(() => {
        const found = this.#probe.programs?.extract(path, program) ?? [];
        if (found.length > 0) this.#output.found(path, found);
      });
    }
    if (this.#search?.isFound === true) this.#refuseProgram(this.#probe.programs?.sizeBytesMax ?? 0);
    this.#attempt(() => {
      const hits = this.#content?.end() ?? [];
      if (hits.length > 0) this.#output.hits(path, hits);
    });
    this.#program = undefined;
    this.#search = undefined;
    this.#content = undefined;
  }

  /** What a probe cannot understand makes the layer incomplete, and ends its reading of this file. */
  #attempt(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (isOutOfMemory(error)) throw error;
      this.#content = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#output.problem('unreadable', `"${this.#path}" could not be understood: ${reason}`);
    }
  }
}
