import { deflateRawSync } from 'node:zlib';
import { ZipWriter } from '../../bytes/zip-writer.ts';

export interface ZipMember {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A zip of deflated members in their order. */
export function buildZip(members: readonly ZipMember[]): Buffer {
  const zip = new ZipWriter();
  const files = members.flatMap(({ name, bytes }) => zip.add({ name, deflated: deflateRawSync(bytes) }));
  return Buffer.concat([...files, ...zip.end()]);
}
