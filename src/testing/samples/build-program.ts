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
  header.writeUInt32LE(6, 64 + 4); // to be read and written
  header.writeBigUInt64LE(BigInt(programBaseAddress), 64 + 0x10);
  header.writeBigUInt64LE(BigInt(offset), 64 + 0x20);
  return Buffer.concat([header, ...bodies, table]);
}

/** A PE file with these sections, one behind the other from a multiple of 16 on: no more of its headers than readers look at. */
export function buildPe(sections: Readonly<Record<string, Buffer>>): Buffer {
  const bodies = Object.values(sections).map(padded);
  const header = padded(Buffer.alloc(0x40 + 24 + 40 * bodies.length));
  header.write('MZ', 0, 'latin1');
  header.writeUInt32LE(0x40, 0x3c);
  header.write('PE\0\0', 0x40, 'latin1');
  header.writeUInt16LE(bodies.length, 0x46);
  let offset = header.length;
  for (const [index, name] of Object.keys(sections).entries()) {
    const at = 0x40 + 24 + 40 * index;
    const sizeBytes = bodies[index]?.length ?? 0;
    header.write(name, at, 8, 'latin1');
    header.writeUInt32LE(sizeBytes, at + 16);
    header.writeUInt32LE(offset, at + 20);
    offset += sizeBytes;
  }
  return Buffer.concat([header, ...bodies]);
}

/** The same as a 64-bit little-endian Mach-O file, all sections in one segment. */
export function buildMachO(sections: Readonly<Record<string, Buffer>>): Buffer {
  const bodies = Object.values(sections).map(padded);
  const commandBytes = 72 + 80 * bodies.length;
  const header = padded(Buffer.alloc(32 + commandBytes));
  header.writeUInt32BE(0xcffaedfe, 0);
  header.writeUInt32LE(1, 16);
  header.writeUInt32LE(0x19, 32);
  header.writeUInt32LE(commandBytes, 32 + 4);
  header.writeUInt32LE(bodies.length, 32 + 64);
  let offset = header.length;
  for (const [index, name] of Object.keys(sections).entries()) {
    const at = 32 + 72 + 80 * index;
    const sizeBytes = bodies[index]?.length ?? 0;
    header.write(name, at, 16, 'latin1');
    header.writeBigUInt64LE(BigInt(sizeBytes), at + 40);
    header.writeUInt32LE(offset, at + 48);
    offset += sizeBytes;
  }
  return Buffer.concat([header, ...bodies]);
}

/** To a multiple of 16, where Go puts what it looks for. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16)]);
}

/** `go build` puts 16 bytes before and after the list of modules. */
const sentinel = 'x'.repeat(16);

/**
 * What Go 1.18 and later put into a program of these lines (`dep\t<module>\tv<version>`), in whatever section. `isFramed: false`:
 * nothing stands around the lines, as no `go build` would have it.
 */
export function goBuildInfo(goVersion: string, lines: string, { isFramed = true } = {}): Buffer {
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:\x08\x02', 0, 'latin1');
  const modules = isFramed ? `${sentinel}${lines}${sentinel}` : lines;
  const texts = [goVersion, modules].flatMap((text) => [varint(text.length), Buffer.from(text)]);
  return Buffer.concat([header, ...texts]);
}

function varint(value: number): Buffer {
  return value < 128
    ? Buffer.of(value)
    : Buffer.concat([Buffer.of((value & 0x7f) | 0x80), varint(value >> 7)]);
}
