import { Readable } from 'node:stream';
import { isOutOfMemory } from '../bytes/is-out-of-memory.ts';
import type { ChildTask, TaskDesk, TaskResult } from './_child-task.ts';
import { combineReports } from './_combine-reports.ts';
import { type Frame, type FrameKind, frameHeader, frameKinds, jsonFrame, readFrames } from './_frames.ts';
import { handOutFiles } from './_hand-out-files.ts';
import { readLayer } from './_read-layer.ts';
import type { ScanProbe } from './scan-probe.ts';

// The program of `InspectionProcess`: takes tasks from its input, one at a time, until that ends; see `_frames.ts`.

/** A request holds the texts of a config. */
const requestBytesMax = 64 * 1024 ** 2;
const progressEveryMs = 200;
/** A pipe gives little at a time; inflating costs less in large pieces. */
const pieceBytes = 512 * 1024;

class SourceBrokenError extends Error {
  override readonly name = 'SourceBrokenError';
  readonly code = 'source_broken';
}

/** The bytes of one source, as they come. */
class Source {
  readonly #next: () => Promise<Frame>;
  #reading: Promise<Buffer | undefined> = Promise.resolve(undefined);
  #isOver = false;

  constructor(next: () => Promise<Frame>) {
    this.#next = next;
  }

  /** Undefined at the end. One read after the other, also of a reader that has gone. */
  async read(): Promise<Buffer | undefined> {
    const reading = this.#reading.catch(() => undefined).then(() => this.#readOne());
    this.#reading = reading;
    return await reading;
  }

  /** Passes over what is left. */
  async finish(): Promise<void> {
    while (!this.#isOver) await this.read().catch(() => undefined);
  }

  async #readOne(): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    while (!this.#isOver && sizeBytes < pieceBytes) {
      const { kind, payload } = await this.#next();
      if (kind === frameKinds.bytes) {
        pieces.push(payload);
        sizeBytes += payload.length;
      } else if (kind !== frameKinds.begin) {
        this.#isOver = true;
        if (kind === frameKinds.broken) throw new SourceBrokenError('the source broke off');
      }
    }
    return sizeBytes === 0 ? undefined : Buffer.concat(pieces, sizeBytes);
  }
}

/** Speaks with the server. */
class Desk {
  readonly #frames = readFrames(process.stdin, { payloadBytesMax: requestBytesMax });
  #source: Source | undefined;
  #saidAtMs = 0;

  async next(): Promise<Frame> {
    const next = await this.#frames.next();
    // The server is gone, or wants this process no more.
    if (next.done === true) process.exit(0);
    return next.value;
  }

  readonly open = async (index: number): Promise<Readable> => {
    const before = this.#source;
    say(frameKinds.open, Buffer.from(String(index)));
    await before?.finish();
    const source = new Source(() => this.next());
    this.#source = source;
    return new Readable({
      read() {
        source.read().then(
          (bytes) => this.push(bytes ?? null),
          (error: Error) => this.destroy(error),
        );
      },
    });
  };

  readonly progress = (bytes: number): void => {
    const nowMs = performance.now();
    if (nowMs - this.#saidAtMs < progressEveryMs) return;
    this.#saidAtMs = nowMs;
    const residentBytes = process.memoryUsage.rss();
    process.stdout.write(jsonFrame(frameKinds.progress, { bytes, residentBytes }));
  };

  async finish(): Promise<void> {
    await this.#source?.finish();
    this.#source = undefined;
  }
}

function say(kind: FrameKind, payload: Buffer): void {
  process.stdout.write(frameHeader(kind, payload.length));
  process.stdout.write(payload);
}

async function main(probeModule: string): Promise<never> {
  const { probe } = (await import(probeModule)) as { readonly probe: ScanProbe }; // what `probeModule` is documented to be
  const desk = new Desk();
  for (;;) {
    const { payload } = await desk.next();
    const task = JSON.parse(payload.toString()) as ChildTask; // written by the server, of the same version
    try {
      const { answer, bytes } = await perform(task, desk, probe);
      if (bytes !== undefined) say(frameKinds.bytes, bytes);
      process.stdout.write(jsonFrame(frameKinds.answer, answer));
    } catch (error) {
      process.stdout.write(jsonFrame(frameKinds.failed, describe(error)));
    }
    await desk.finish();
  }
}

async function perform(task: ChildTask, desk: TaskDesk, probe: ScanProbe): Promise<TaskResult> {
  switch (task.kind) {
    case 'layer':
      return await readLayer(desk, probe);
    case 'files':
      return await handOutFiles(desk, { pipe: process.stdout, limits: task.limits });
    case 'combine':
      return await combineReports(desk, { ...task, probe });
  }
}

function describe(error: unknown): { readonly failure: 'memory' | 'crashed'; readonly reason: string } {
  if (isOutOfMemory(error)) return { failure: 'memory', reason: 'there is not enough memory for it' };
  return { failure: 'crashed', reason: error instanceof Error ? error.message : String(error) };
}

await main(process.argv[2] ?? '');
