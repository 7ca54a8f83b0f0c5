import type { ImageLayer } from '../inspection/image/image.ts';
import { layerClaimOf } from '../oci/media-types.ts';
import { sniffBytes, sniffContent } from '../oci/sniff-content.ts';

/**
 * Whether a layer could be part of a root file system, so that the manifest must be inspected as an image whatever its
 * types claim (threats.md P12, P13). A type that claims files is believed; any other claim is checked by content.
 */
export async function couldBeRootFileSystem(layer: ImageLayer): Promise<boolean> {
  if (layerClaimOf(layer.mediaType) !== 'other') return true;
  const head = await readHead(layer);
  switch (sniffContent(head)) {
    case 'gzip':
    case 'zstd':
    case 'tar':
    case 'elf':
    case 'zip':
      return true;
    case 'json':
      return false;
    case 'other':
      return isOtherCompression(head);
  }
}

async function readHead(layer: ImageLayer): Promise<Buffer> {
  const source = await layer.open();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    chunks.push(chunk as Buffer); // byte streams yield buffers
    length += chunks.at(-1)?.length ?? 0;
    if (length >= sniffBytes) break;
  }
  source.destroy();
  return Buffer.concat(chunks).subarray(0, sniffBytes);
}

/** Docker and containers/storage unpack bzip2 and xz as well, by these first bytes. */
function isOtherCompression(head: Buffer): boolean {
  const magics = [Buffer.from('BZh'), Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])];
  return magics.some((magic) => head.subarray(0, magic.length).equals(magic));
}
