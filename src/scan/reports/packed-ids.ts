/** Package ids as `image_report.package_ids` holds them: sorted, distinct, little-endian uint32. */
export function packIds(ids: Iterable<number>): Buffer {
  const sorted = [...new Set(ids)].sort((a, b) => a - b);
  const packed = Buffer.allocUnsafe(sorted.length * 4);
  sorted.forEach((id, index) => {
    packed.writeUInt32LE(id, index * 4);
  });
  return packed;
}

export function unpackIds(packed: Buffer): number[] {
  const ids: number[] = [];
  for (let offset = 0; offset + 4 <= packed.length; offset += 4) ids.push(packed.readUInt32LE(offset));
  return ids;
}
