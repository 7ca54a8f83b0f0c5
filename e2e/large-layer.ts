import { randomFillSync } from 'node:crypto';
import { buildLayer } from '../src/testing/samples/build-image.ts';

const blockBytes = 64 * 1024;
const noiseBytes = 4 * 1024;

/** A gzip layer with one file of that size that packs about fifteen times: long to inspect, quick to push. */
export function largeLayer(name: string, sizeBytes: number): Buffer {
  const content = Buffer.alloc(sizeBytes);
  for (let at = 0; at + noiseBytes <= sizeBytes; at += blockBytes) randomFillSync(content, at, noiseBytes);
  return Buffer.from(buildLayer({ [name]: content }).bytes);
}
