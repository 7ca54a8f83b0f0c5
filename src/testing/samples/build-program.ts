/** Where the builder's one loaded segment begins when the program runs. */
export const programBaseAddress = 0x40_0000;

/**
 * A 64-bit little-endian ELF file with these sections, one behind the other from offset 120 on, and one loaded segment
 * that holds the whole file. It has all the tables that readers look at, and no code.
 */
export function buildElf(sections: Readonly<Record<string, Buffer>>): Buffer {
  const names = ['', ...Object.keys(sections), '.shstrtab'];
  const nameTable = Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
  const bodies = [Buffer.alloc(0), ...Object.values(sections), nameTable];
  const headerBytes = 64 + 56;
  const header = Buffer.alloc(headerBytes);
  const table = Buffer.alloc(64 * bodies.length);
  let offset = headerBytes;
  let nameOffset = 0;
  for (const [index, body] of bodies.entries()) {
    table.writeUInt32LE(nameOffset, index * 64);
    table.writeBigUInt64LE(BigInt(programBaseAddress + offset), index * 64 + 0x10);
    table.writeBigUInt64LE(BigInt(offset), index * 64 + 0x18);
    table.writeBigUInt64LE(BigInt(body.length), index * 64 + 0x20);
    nameOffset += (names[index]?.length ?? 0) + 1;
    offset += body.length;
  }
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  header.writeBigUInt64LE(64n, 0x20); // program headers
  header.writeBigUInt64LE(BigInt(offset), 0x28); // section headers
  header.writeUInt16LE(1, 0x38);
  header.writeUInt16LE(bodies.length, 0x3c);
  header.writeUInt16LE(bodies.length - 1, 0x3e);
  header.writeUInt32LE(1, 64); // PT_LOAD, from offset 0
  header.writeBigUInt64LE(BigInt(programBaseAddress), 64 + 0x10);
  header.writeBigUInt64LE(BigInt(offset), 64 + 0x20);
  return Buffer.concat([header, ...bodies, table]);
}
