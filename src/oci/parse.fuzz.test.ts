import { expect, it } from 'vitest';
import { fuzzParser, fuzzTimeoutMs } from '../testing/fuzz-parser.ts';
import { buildDockerArchive } from '../testing/samples/build-archive.ts';
import { buildImage, buildIndex } from '../testing/samples/build-image.ts';
import { parseConfig } from './parse-config.ts';
import { parseDockerArchive } from './parse-docker-archive.ts';
import { parseManifest } from './parse-manifest.ts';

const image = buildImage({ layers: [{ a: 'x' }, { b: 'y' }] });
const archive = buildDockerArchive({ 'a:1': image });
const listAt = archive.indexOf('[{"Config"');

it.each([
  ['parseManifest(), an image', image.manifestBytes, (bytes: Buffer) => parseManifest(bytes, undefined)],
  [
    'parseManifest(), an index',
    buildIndex([image, image]).manifestBytes,
    (bytes: Buffer) => parseManifest(bytes, undefined),
  ],
  ['parseConfig()', image.blobs.get(image.configDigest) ?? Buffer.alloc(0), parseConfig],
  ['parseDockerArchive()', archive.subarray(listAt, archive.indexOf('}]', listAt) + 2), parseDockerArchive],
] as const)(
  '%s answers every mutation (threats.md D9)',
  (_name, bytes, parse) => {
    expect(parse(bytes).kind).toBe('ok');
    fuzzParser({ bytes, parse });
  },
  fuzzTimeoutMs,
);
