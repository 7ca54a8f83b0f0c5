import { pushable, type TestImage } from '../registry-client.ts';
import { buildImage, buildLayer } from './build-image.ts';
import { alpineRecord } from './osv-fixtures.ts';
import { alpineFiles } from './small-feed.ts';

/** A flaw of `flawedImage()`: CVE-2024-1001, whose severity nobody states. */
export const muslFlaw = alpineRecord({
  number: 1001,
  name: 'musl',
  fixed: '9.9.9-r0',
  modified: '2026-01-01T00:00:00Z',
});

/** Another one, published a day later: CVE-2024-1002. */
export const zlibFlaw = alpineRecord({
  number: 1002,
  name: 'zlib',
  fixed: '9.9.9-r0',
  modified: '2026-01-02T00:00:00Z',
});

/** An image of Alpine v3.6 with musl 1.1.16-r10 and zlib 1.2.11-r0, told apart from others by its content. */
export function flawedImage(content: string): TestImage {
  const files = { ...alpineFiles({ musl: '1.1.16-r10', zlib: '1.2.11-r0' }), 'srv/content': content };
  return pushable(buildImage({ layers: [buildLayer(files)] }));
}
