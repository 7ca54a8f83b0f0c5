import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { tarHeader, tarPadding, tarTrailer } from '../src/bytes/tar-writer.ts';

const words =
  'the of and a to in is be that for with as this package library function return value error file path name version data type string number object config module test license copyright software use include define static const void int char size buffer stream'.split(
    ' ',
  );

/** A layer's shape: what a Debian image with a Node.js application looks like. */
const documentCount = 6_000;
const libraryCount = 60;
const nodePackageCount = 900;
const filesPerNodePackage = 22;

/** Numbers that look random and are the same in every run (xorshift32). */
function createNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Writes a gzip layer of about 230 MB inflated and 27,000 members to the path; returns its inflated size in bytes. */
export async function writeDebianLikeLayer(path: string): Promise<number> {
  let inflatedBytes = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for (const part of layer()) {
      inflatedBytes += part.length;
      yield part;
    }
  }
  await pipeline(
    Readable.from(counted()),
    createGzip({ level: 6, chunkSize: 256 * 1024 }),
    createWriteStream(path),
  );
  return inflatedBytes;
}

function* layer(): Generator<Buffer> {
  const numbers = createNumbers(20_251);
  const text = makeText(numbers, 4 * 1024 * 1024);
  const code = makeCode(numbers, 8 * 1024 * 1024);
  const slice = (source: Buffer, bytes: number): Buffer => {
    const start = Math.floor(numbers() * (source.length - bytes));
    return source.subarray(start, start + bytes);
  };
  yield* file('var/lib/dpkg/status', Buffer.from(dpkgStatus()));
  yield* file(
    'etc/os-release',
    Buffer.from('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'),
  );
  for (let index = 0; index < documentCount; index += 1) {
    const directory = `usr/share/doc/package-${Math.floor(index / 4)}`;
    if (index % 4 === 0) yield tarHeader({ path: `${directory}/`, type: 'directory' });
    yield* file(`${directory}/file-${index % 4}.txt`, slice(text, 500 + Math.floor(numbers() ** 3 * 30_000)));
  }
  const elf = Buffer.from('7f454c4602010100', 'hex');
  for (let index = 0; index < libraryCount; index += 1) {
    const body = Buffer.concat([elf, slice(code, 200_000 + Math.floor(numbers() ** 2 * 5_000_000))]);
    yield* file(`usr/lib/x86_64-linux-gnu/libthing-${index}.so.1.${index}`, body);
    yield tarHeader({
      path: `usr/lib/x86_64-linux-gnu/libthing-${index}.so.1`,
      type: 'symlink',
      linkTarget: `libthing-${index}.so.1.${index}`,
    });
  }
  for (let index = 0; index < nodePackageCount; index += 1) {
    const directory = `srv/app/node_modules/module-${index}`;
    yield tarHeader({ path: `${directory}/`, type: 'directory' });
    const manifest = {
      name: `module-${index}`,
      version: `${index % 20}.${index % 7}.0`,
      description: 'A module',
      files: ['lib'],
    };
    yield* file(`${directory}/package.json`, Buffer.from(JSON.stringify(manifest, null, 2)));
    for (let part = 1; part < filesPerNodePackage; part += 1) {
      yield* file(`${directory}/lib/part-${part}.js`, slice(text, 200 + Math.floor(numbers() ** 3 * 12_000)));
    }
  }
  yield tarTrailer();
}

function* file(path: string, body: Buffer): Generator<Buffer> {
  yield Buffer.concat([
    tarHeader({ path, type: 'file', sizeBytes: body.length }),
    body,
    tarPadding(body.length),
  ]);
}

function makeText(numbers: () => number, bytes: number): Buffer {
  const parts: string[] = [];
  for (let length = 0; length < bytes; ) {
    const word = words[Math.floor(numbers() ** 1.5 * words.length)] ?? 'the';
    const next = numbers() < 0.12 ? `${word}_${Math.floor(numbers() * 1000)}\n  ` : `${word} `;
    parts.push(next);
    length += next.length;
  }
  return Buffer.from(parts.join('')).subarray(0, bytes);
}

/** Like machine code: runs that repeat, between bytes that hardly compress. */
function makeCode(numbers: () => number, bytes: number): Buffer {
  const code = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; ) {
    const length = 4 + Math.floor(numbers() * 28);
    if (index > 70_000 && numbers() < 0.72) {
      const from = index - 64 - Math.floor(numbers() ** 2 * 30_000);
      code.copy(code, index, from, from + length);
    } else {
      for (let byte = 0; byte < length; byte += 1) code[index + byte] = Math.floor(numbers() ** 2 * 256);
    }
    index += length;
  }
  return code;
}

function dpkgStatus(): string {
  return Array.from(
    { length: 400 },
    (_, index) =>
      `Package: package-${index}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.${index}-1\nDescription: thing\n\n`,
  ).join('');
}
