import { deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import yauzl from 'yauzl';
import { ZipWriter } from './zip-writer.ts';

it('ZipWriter counts more files than the old directory can (zip64), behind a preamble', async () => {
  const preamble = Buffer.from('a text in front');
  const zip = new ZipWriter(preamble.length);
  const content = Buffer.from('{}');
  const deflated = deflateRawSync(content);
  const count = 65_600;
  const pieces = Array.from({ length: count }, (_, index) =>
    zip.add({ name: `${index}.json`, deflated }, content),
  );
  const read = await yauzl.fromBufferPromise(Buffer.concat([preamble, ...pieces.flat(), ...zip.end()]), {
    lazyEntries: true,
  });
  let seen = 0;
  for await (const entry of read.eachEntry()) {
    if (entry.fileName === `${seen}.json` && entry.uncompressedSize === 2) seen += 1;
  }
  expect([read.entryCount, seen]).toEqual([count, count]);
});
