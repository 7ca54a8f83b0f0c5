import type { FileReceiver, LayerFile } from './image/give-files.ts';
import { InspectionError } from './inspection-error.ts';

/** Passes on the files that an inspection process hands out, and holds it to their order. */
export class HandedOutFiles {
  /** Whoever takes them has enough for now. */
  isWaiting = false;
  readonly #subject: string;
  readonly #receiver: FileReceiver | undefined;
  #leftBytes = 0;

  /** Without a receiver none are expected. `subject`: what is inspected, for people. */
  constructor(subject: string, receiver: FileReceiver | undefined) {
    this.#subject = subject;
    this.#receiver = receiver;
  }

  /** Throws an `InspectionError` when no file may begin, and what the receiver throws. */
  file(file: LayerFile): void {
    if (this.#receiver === undefined || this.#leftBytes > 0) throw this.#disorder();
    this.#leftBytes = file.sizeBytes;
    this.#receiver.file(file);
  }

  /** Resolves when the receiver takes more. Throws an `InspectionError` for bytes of no file, and what the receiver throws. */
  async piece(bytes: Buffer): Promise<void> {
    this.#leftBytes -= bytes.length;
    if (this.#receiver === undefined || this.#leftBytes < 0) throw this.#disorder();
    this.#receiver.piece(bytes);
    this.isWaiting = true;
    try {
      await this.#receiver.ready();
    } finally {
      this.isWaiting = false;
    }
  }

  #disorder(): InspectionError {
    const reason = 'its process hands out files in disorder';
    return new InspectionError('crashed', { subject: this.#subject, reason });
  }
}
