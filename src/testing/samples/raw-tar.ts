import { tarHeader, tarPadding, tarTrailer } from '../../bytes/tar-writer.ts';

/** Fields of one header block put over a plain ustar one, to make headers that no writer makes. */
export interface RawTarBlock {
  readonly name?: string;
  readonly typeFlag?: string;
  /** The size field as text or bytes; default that of the body. */
  readonly size?: string | Buffer;
  readonly linkName?: string;
  readonly magic?: string;
  readonly body?: string | Buffer;
  /** Bytes put over the block at their offset, after all else and before the checksum. */
  readonly patches?: Readonly<Record<number, string | Buffer>>;
  /** The checksum field as text; default the right one. */
  readonly checksum?: string;
}

/** A header block with its padded body, checksum right unless told. */
export function rawTarBlock(fields: RawTarBlock): Buffer {
  const body = Buffer.from(fields.body ?? '');
  const block = tarHeader({ path: fields.name ?? 'file', type: 'file', sizeBytes: body.length });
  if (fields.typeFlag !== undefined) block.write(fields.typeFlag, 156, 'latin1');
  if (fields.size !== undefined)
    Buffer.concat([Buffer.from(fields.size), Buffer.alloc(12)]).copy(block, 124, 0, 12);
  if (fields.linkName !== undefined) block.write(fields.linkName, 157, 'utf8');
  if (fields.magic !== undefined) block.write(fields.magic, 257, 'latin1');
  for (const [offset, bytes] of Object.entries(fields.patches ?? {})) {
    (typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes).copy(block, Number(offset));
  }
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([block, body, tarPadding(body.length)]);
}

/** One PAX record, its length counted. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  const length = [1, 2, 3, 4, 5, 6, 7]
    .map((digits) => rest + digits)
    .find((sum) => String(sum).length === sum - rest);
  return `${length} ${key}=${value}\n`;
}

/** Blocks as a whole archive. */
export function rawTar(...blocks: readonly Buffer[]): Buffer {
  return Buffer.concat([...blocks, tarTrailer()]);
}
