import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { tarHeader, tarPadding, tarTrailer } from '../src/bytes/tar-writer.ts';

const bodyBytes = 16 * 1024 * 1024;
const words =
  'the of and a to in is be that for with as this package library function return value error'.split(' ');

/** Text that compresses as text does, the same in every run. */
function makeText(bytes: number): Buffer {
  let state = 20_251;
  const parts: string[] = [];
  for (let length = 0; length < bytes; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const part = `${words[(state >>> 16) % words.length]}_${(state >>> 8) % 5000}${(state >>> 20) % 9 === 0 ? '\n' : ' '}`;
    parts.push(part);
    length += part.length;
  }
  return Buffer.from(parts.join('')).subarray(0, bytes);
}

/**
 * A gzip layer of that many inflated bytes, made while it is read and never kept: a gzip member for each header, and one
 * of two that are made once for each body, of text and of a binary.
 */
export function* vastLayer(inflatedBytes: number): Generator<Buffer> {
  const text = makeText(bodyBytes);
  const binary = Buffer.concat([Buffer.alloc(16), text.subarray(16)]);
  const bodies = [gzipSync(text), gzipSync(binary)] as const;
  for (let index = 0; index * bodyBytes < inflatedBytes; index += 1) {
    yield gzipSync(tarHeader({ path: `srv/file-${index}`, type: 'file', sizeBytes: bodyBytes }));
    const body = bodies[index % 2] ?? bodies[0];
    for (let at = 0; at < body.length; at += 1024 * 1024) yield body.subarray(at, at + 1024 * 1024);
  }
  yield gzipSync(tarTrailer());
}

/** Writes a gzip layer with that many files of some hundred bytes, a tenth of them manifests of Node packages. */
export async function writeLayerOfFiles(path: string, count: number): Promise<void> {
  const text = makeText(64 * 1024);
  function* members(): Generator<Buffer> {
    for (let index = 0; index < count; index += 1) {
      const folder = `srv/app/node_modules/module-${Math.floor(index / 10)}`;
      const isManifest = index % 10 === 0;
      const body = isManifest
        ? Buffer.from(JSON.stringify({ name: `module-${index / 10}`, version: '1.0.0' }))
        : text.subarray(index % 50_000, (index % 50_000) + 100 + (index % 900));
      const name = `${folder}/${isManifest ? 'package.json' : `part-${index % 10}.js`}`;
      yield Buffer.concat([
        tarHeader({ path: name, type: 'file', sizeBytes: body.length }),
        body,
        tarPadding(body.length),
      ]);
    }
    yield tarTrailer();
  }
  await pipeline(Readable.from(members()), createGzip(), createWriteStream(path));
}
