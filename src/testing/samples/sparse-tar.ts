import { tarPadding } from '../../bytes/tar-writer.ts';
import { paxRecord, rawTarBlock } from './raw-tar.ts';

/** A file with holes: what is not in a part of it is zeros. */
export interface SparsePieces {
  readonly sizeBytes: number;
  readonly parts: readonly (readonly [offset: number, text: string])[];
  /** Bytes that the archive holds of it, if not as many as the parts have. */
  readonly storedBytes?: number;
}

export const sparseFormats = ['GNU', 'PAX 0.1', 'PAX 1.0'] as const;
export type SparseFormat = (typeof sparseFormats)[number];

/** The file as a member of an archive, as GNU tar writes it with `-S` in this format. */
export function sparseMember(format: SparseFormat, name: string, pieces: SparsePieces): Buffer {
  const { parts, sizeBytes } = pieces;
  const whole = Buffer.from(parts.map(([, text]) => text).join(''), 'latin1');
  const stored = Buffer.alloc(pieces.storedBytes ?? whole.length);
  whole.copy(stored);
  const numbers = parts.flatMap(([offset, text]) => [offset, text.length]);
  switch (format) {
    case 'GNU':
      return gnuMember(name, sizeBytes, numbers, stored);
    case 'PAX 0.1':
      return paxMember(
        { 'GNU.sparse.size': `${sizeBytes}`, 'GNU.sparse.name': name, 'GNU.sparse.map': numbers.join(',') },
        stored,
      );
    case 'PAX 1.0': {
      const map = Buffer.from(`${[parts.length, ...numbers].join('\n')}\n`);
      return paxMember(
        {
          'GNU.sparse.major': '1',
          'GNU.sparse.minor': '0',
          'GNU.sparse.name': name,
          'GNU.sparse.realsize': `${sizeBytes}`,
        },
        Buffer.concat([map, tarPadding(map.length), stored]),
      );
    }
  }
}

function paxMember(records: Readonly<Record<string, string>>, body: Buffer): Buffer {
  const pax = Object.entries(records).map(([key, value]) => paxRecord(key, value));
  return Buffer.concat([
    rawTarBlock({ typeFlag: 'x', name: 'PaxHeaders/file', body: pax.join('') }),
    rawTarBlock({ name: 'GNUSparseFile.0/file', body }),
  ]);
}

/** Four parts of the map stand in the header, 21 in each block behind it. */
function gnuMember(name: string, sizeBytes: number, numbers: readonly number[], body: Buffer): Buffer {
  const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;
  const map = numbers.map(octal);
  const blocks = [];
  for (let at = 8; at < map.length; at += 42) {
    const block = Buffer.alloc(512);
    block.write(map.slice(at, at + 42).join(''), 0, 'latin1');
    block[504] = at + 42 < map.length ? 1 : 0;
    blocks.push(block);
  }
  const header = rawTarBlock({
    name,
    typeFlag: 'S',
    magic: 'ustar  \0',
    size: octal(body.length),
    patches: {
      386: map.slice(0, 8).join(''),
      482: blocks.length > 0 ? '\u0001' : '\0',
      483: octal(sizeBytes),
    },
  });
  return Buffer.concat([header, ...blocks, body, tarPadding(body.length)]);
}
