import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError, frameHeader, frameKinds, jsonFrame, readFrames } from './_frames.ts';

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const size of [...sizes, bytes.length]) {
    if (offset < bytes.length) yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}

async function framesOf(stream: AsyncIterable<Buffer>, payloadBytesMax = 1_000) {
  const frames: [number, string][] = [];
  for await (const { kind, payload } of readFrames(stream, { payloadBytesMax }))
    frames.push([kind, payload.toString()]);
  return frames;
}

describe('readFrames()', () => {
  it('reads what was written, however a pipe cuts it', async () => {
    const body = Buffer.from('some bytes of a layer');
    const written = Buffer.concat([
      jsonFrame(frameKinds.task, { a: 1 }),
      frameHeader(frameKinds.begin, 0),
      frameHeader(frameKinds.bytes, body.length),
      body,
      frameHeader(frameKinds.end, 0),
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }), async (sizes) => {
        const frames = await framesOf(inPieces(written, sizes));
        const ofBytes = frames.filter(([kind]) => kind === frameKinds.bytes);
        expect(ofBytes.map(([, text]) => text).join('')).toBe(body.toString());
        expect(frames.filter(([kind]) => kind !== frameKinds.bytes)).toEqual([
          [frameKinds.task, '{"a":1}'],
          [frameKinds.begin, ''],
          [frameKinds.end, ''],
        ]);
      }),
    );
  });

  it('refuses what is no frame, and payloads above the limit but those of bytes', async () => {
    const long = Buffer.concat([frameHeader(frameKinds.answer, 1_001), Buffer.alloc(1_001)]);
    await expect(framesOf(inPieces(long, []))).rejects.toThrow(FrameError);
    await expect(framesOf(inPieces(Buffer.from('Hello'), []))).rejects.toThrow(
      'its kind must be known, got 72',
    );
    const bytes = Buffer.concat([frameHeader(frameKinds.bytes, 1_001), Buffer.alloc(1_001)]);
    expect(await framesOf(inPieces(bytes, []))).toHaveLength(1);
  });
});
