import { ArchiveError } from './archive-error.ts';

type Field = 'magic' | 'skippable-size' | 'descriptor' | 'frame-header' | 'block-header';

const frameMagic = 0xfd2fb528;
/** Bytes of the dictionary id and of the content size by their flags (RFC 8878 §3.1.1.1.1). */
const dictionaryIdBytes: readonly number[] = [0, 1, 2, 4];
const contentSizeBytes: readonly number[] = [0, 2, 4, 8];

/**
 * Cuts zstd data (RFC 8878 §3.1) where frames end. Node 24 ends a stream at the first frame that leaves bytes in the same
 * write, and takes the next frame when it comes in a write of its own; images of the zstd:chunked kind have one frame per
 * file, so that a decoder for each would be slow. Throws `ArchiveError` for anything between frames that is none.
 */
export class ZstdFrames {
  readonly #head = Buffer.alloc(16);
  #field: Field = 'magic';
  #haveBytes = 0;
  #needBytes = 4;
  /** Bytes of the block (or skippable frame) at hand that need no look. */
  #passBytes = 0;
  #isLastBlock = false;
  #hasChecksum = false;

  /** No frame has been begun and not ended. */
  get isBetweenFrames(): boolean {
    return this.#field === 'magic' && this.#haveBytes === 0 && this.#passBytes === 0;
  }

  /** The chunk in pieces none of which goes beyond the end of a frame. */
  *split(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    for (let position = 0; position < chunk.length; ) {
      if (this.#passBytes > 0) {
        const bytes = Math.min(this.#passBytes, chunk.length - position);
        this.#passBytes -= bytes;
        position += bytes;
        if (this.#passBytes === 0) this.#finishBlock();
      } else {
        this.#head[this.#haveBytes] = chunk[position] ?? 0;
        this.#haveBytes += 1;
        position += 1;
        if (this.#haveBytes === this.#needBytes) this.#readField();
      }
      if (this.isBetweenFrames) {
        yield chunk.subarray(start, position);
        start = position;
      }
    }
    if (start < chunk.length) yield chunk.subarray(start);
  }

  #expect(field: Field, needBytes: number): void {
    this.#field = field;
    this.#haveBytes = 0;
    this.#needBytes = needBytes;
  }

  #readField(): void {
    switch (this.#field) {
      case 'magic':
        this.#readMagic();
        return;
      case 'skippable-size':
        this.#isLastBlock = true;
        this.#pass(this.#head.readUInt32LE(0));
        return;
      case 'descriptor':
        this.#readDescriptor(this.#head[0] ?? 0);
        return;
      case 'frame-header':
        this.#expect('block-header', 3);
        return;
      case 'block-header':
        this.#readBlockHeader(this.#head.readUIntLE(0, 3));
    }
  }

  #readMagic(): void {
    const magic = this.#head.readUInt32LE(0);
    if (magic === frameMagic) this.#expect('descriptor', 1);
    else if (magic >>> 4 === 0x184d2a5) this.#expect('skippable-size', 4);
    else
      throw new ArchiveError('ambiguous', 'Cannot inflate the blob: nothing may follow the last zstd frame');
  }

  #readDescriptor(descriptor: number): void {
    const isSingleSegment = (descriptor & 0x20) !== 0;
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const sizeFlag = descriptor >> 6;
    const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0);
    const headerBytes = (isSingleSegment ? 0 : 1) + (dictionaryIdBytes[descriptor & 3] ?? 0) + sizeBytes;
    if (headerBytes === 0) this.#expect('block-header', 3);
    else this.#expect('frame-header', headerBytes);
  }

  #readBlockHeader(header: number): void {
    const kind = (header >> 1) & 3;
    if (kind === 3)
      throw new ArchiveError('corrupt', 'Cannot inflate the blob: a zstd block has a reserved type');
    this.#isLastBlock = (header & 1) !== 0;
    // A run-length block holds the one byte that it repeats.
    const blockBytes = kind === 1 ? 1 : header >> 3;
    this.#pass(blockBytes + (this.#isLastBlock && this.#hasChecksum ? 4 : 0));
  }

  #pass(bytes: number): void {
    this.#passBytes = bytes;
    this.#haveBytes = 0;
    if (bytes === 0) this.#finishBlock();
  }

  #finishBlock(): void {
    if (this.#isLastBlock) this.#expect('magic', 4);
    else this.#expect('block-header', 3);
  }
}
