/**
 * What a server and its inspection processes say to each other through pipes: frames of one byte kind, four bytes length
 * (big-endian) and so many bytes.
 *
 *     server ▶ process   task {json}                             one at a time
 *     process ▶ server   open <index>                            wants the bytes of a source from their beginning
 *     server ▶ process   begin, bytes…, end | broken             `broken`: the source failed
 *     process ▶ server   progress {json}                         whenever something was done
 *     process ▶ server   (file {json}, piece…)…                  files that are handed out, where the task is that
 *     process ▶ server   (bytes, answer {json}) | failed {json}  the end of the task
 */
export const frameKinds = {
  task: 1,
  open: 2,
  begin: 3,
  bytes: 4,
  end: 5,
  broken: 6,
  progress: 7,
  answer: 8,
  failed: 9,
  file: 10,
  piece: 11,
} as const;

export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

export interface Frame {
  readonly kind: FrameKind;
  /** Of a `bytes` or `piece` frame any part, in order; of the others all of it. */
  readonly payload: Buffer;
}

const headerBytes = 5;
/** Their payloads are of any length, and given on as they come. */
const streamedKinds: ReadonlySet<number> = new Set([frameKinds.bytes, frameKinds.piece]);
const kinds: ReadonlySet<number> = new Set(Object.values(frameKinds));

/** The other side breaks the rules; nothing it says can be used. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code = 'frame';
}

export function frameHeader(kind: FrameKind, length: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(kind);
  header.writeUInt32BE(length, 1);
  return header;
}

/** A whole frame with a JSON text. */
export function jsonFrame(kind: FrameKind, value: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(value));
  return Buffer.concat([frameHeader(kind, payload.length), payload]);
}

/** The frames of a stream. Throws `FrameError` for what is none and for payloads above the limit, which streamed ones do not have. */
export async function* readFrames(
  stream: AsyncIterable<Buffer>,
  options: { readonly payloadBytesMax: number },
): AsyncGenerator<Frame, void, void> {
  const header = Buffer.alloc(headerBytes);
  let headerFilled = 0;
  let left = 0;
  let parts: Buffer[] = [];
  for await (const chunk of stream) {
    let offset = 0;
    while (offset < chunk.length) {
      if (headerFilled < headerBytes) {
        const copied = chunk.copy(header, headerFilled, offset, offset + headerBytes - headerFilled);
        headerFilled += copied;
        offset += copied;
        if (headerFilled < headerBytes) break;
        left = header.readUInt32BE(1);
        check(header, options.payloadBytesMax);
      } else {
        const part = chunk.subarray(offset, offset + left);
        offset += part.length;
        left -= part.length;
        const kind = kindOf(header);
        if (streamedKinds.has(kind)) yield { kind, payload: part };
        else parts.push(part);
      }
      if (left > 0) continue;
      headerFilled = 0;
      const kind = kindOf(header);
      if (streamedKinds.has(kind)) continue;
      const payload = Buffer.concat(parts);
      parts = [];
      yield { kind, payload };
    }
  }
}

function kindOf(header: Buffer): FrameKind {
  return header.readUInt8() as FrameKind; // `check()` has seen it
}

function check(header: Buffer, payloadBytesMax: number): void {
  const kind = header.readUInt8();
  const length = header.readUInt32BE(1);
  if (!kinds.has(kind)) throw new FrameError(`Cannot read a frame: its kind must be known, got ${kind}`);
  if (!streamedKinds.has(kind) && length > payloadBytesMax) {
    throw new FrameError(
      `Cannot read a frame of kind ${kind}: it must not exceed ${payloadBytesMax} bytes, got ${length}`,
    );
  }
}
