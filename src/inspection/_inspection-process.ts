import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { getCompileCacheDir } from 'node:module';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Frame, FrameError, frameKinds, jsonFrame, readFrames } from './_frames.ts';
import { HandedOutFiles } from './_handed-out-files.ts';
import { usageOf } from './_process-usage.ts';
import { SourceFeed } from './_source-feed.ts';
import { type Exceeded, TaskBudget } from './_task-budget.ts';
import type { FileReceiver, LayerFile } from './image/give-files.ts';
import { InspectionError, type InspectionFailure } from './inspection-error.ts';
import type { InspectionLimits } from './inspection-limits.ts';

/** One piece of work for a process. */
export interface ProcessTask {
  /** What is inspected, for people: `layer 2 (sha256:…)`. */
  readonly subject: string;
  /** What the child is asked, as JSON. */
  readonly request: unknown;
  /** Bytes that the child asks for by number, each time from their beginning. */
  readonly open: (index: number) => Promise<Readable>;
  /** Takes files that the child hands out; without one they are none of its task. */
  readonly receiver?: FileReceiver;
}

export interface TaskAnswer {
  /** As the child made it, of the same version. */
  readonly answer: unknown;
  readonly bytes: Buffer;
}

/** What takes part in one task besides the child. */
interface Conversation {
  readonly feed: SourceFeed;
  readonly budget: TaskBudget;
  readonly files: HandedOutFiles;
}

export interface ProcessOptions {
  readonly limits: InspectionLimits;
  /** File of the module whose `probe` layers are read with. */
  readonly probeModule: string;
  /** Added to the priority number of the process: 0 for that of this one. */
  readonly niceness: number;
}

const program = fileURLToPath(new URL('_inspection-child.ts', import.meta.url));
const tickMs = 100;
const mebibyte = 1024 ** 2;
/** Part of the memory that the heap may have; the rest is for buffers and the program. */
const heapShare = 0.5;
const semiSpaceMebibytes = 16;
/** V8 reserves so much more than it uses; only what the ticks are too slow for comes this far. */
const reservedBytes = 1024 ** 3;
/** A process that took so much of what one task may take is not kept. */
const wornMemoryShare = 0.4;
const stderrLengthMax = 16_000;
/** As fragments of what V8 and Node say when memory is at its end. */
const outOfMemoryPattern = /out of memory|Allocation failed|MEMORY_ALLOCATION_FAILED/;

/**
 * The kernel's own limits behind ours: no core file (it would hold what is in images), an end to allocations that are faster
 * than ticks, and to a loop whose server was killed (docs/decisions/0011-inspection-processes.md).
 */
const limitedStart =
  'for limit in "-c 0" "-d $0" "-t $1"; do ulimit $limit 2>/dev/null; done; shift; exec "$@"';

/** A child process that reads layers, one task at a time. What it does wrong costs nothing but itself. */
export class InspectionProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #limits: InspectionLimits;
  readonly #frames: AsyncGenerator<Frame, void, void>;
  readonly #ended: Promise<string>;
  #errors = '';
  #isOver = false;

  constructor({ limits, probeModule, niceness }: ProcessOptions) {
    this.#limits = limits;
    const heapMebibytes = Math.floor((limits.memoryBytesMax * heapShare) / mebibyte);
    const cacheFolder = getCompileCacheDir();
    this.#child = spawn(
      '/bin/sh',
      [
        '-c',
        limitedStart,
        String(Math.ceil((limits.memoryBytesMax + reservedBytes) / 1024)),
        String(limits.workSecondsMax * 3),
        process.execPath,
        `--max-old-space-size=${heapMebibytes}`,
        `--max-semi-space-size=${semiSpaceMebibytes}`,
        // The pieces of an inflated layer ask for a collection every few megabytes, of a heap that is small: to do it in
        // steps costs a fifth of all work (`npm run bench -- inspect-image`), and nobody waits for the pauses.
        '--no-incremental-marking',
        program,
        probeModule,
      ],
      {
        // Nothing of our environment: it holds passwords.
        env: cacheFolder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cacheFolder) },
        // A Ctrl-C at the terminal reaches it through an abort only, so that it counts as an interruption.
        detached: true,
      },
    );
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (bytes: Buffer) => {
      this.#errors = (this.#errors + bytes.toString()).slice(0, stderrLengthMax);
    });
    this.#frames = readFrames(this.#child.stdout, { payloadBytesMax: limits.answerBytesMax });
    this.#ended = this.#watchEnd();
    if (this.#child.pid !== undefined) favourOthers(this.#child.pid, niceness);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it has grown or worked so much that the next task should have a new one. */
  get isWorn(): boolean {
    const usage = this.#usage();
    if (usage === undefined) return false;
    const { memoryBytesMax, workSecondsMax } = this.#limits;
    return (
      usage.residentBytes > memoryBytesMax * wornMemoryShare || usage.processorMs > workSecondsMax * 1000
    );
  }

  /** Resolves with how it ended when the process is gone. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  kill(): void {
    this.#isOver = true;
    this.#child.kill('SIGKILL');
    // What it has said that nobody took would keep its end from being heard of.
    this.#child.stdout.destroy();
  }

  /**
   * One at a time. Throws `InspectionError` when the task is beyond its budget or the process ends, what a source throws,
   * and the signal's reason; the process may be over then.
   */
  async run(task: ProcessTask, signal: AbortSignal): Promise<TaskAnswer> {
    signal.throwIfAborted();
    const budget = new TaskBudget(this.#limits, performance.now(), this.#usage());
    const feed = new SourceFeed(this.#child.stdin, { open: task.open, onTaken: () => budget.taken() });
    const files = new HandedOutFiles(task.subject, task.receiver);
    let exceeded: Exceeded | undefined;
    const ticks = setInterval(() => {
      const state = { usage: this.#usage(), isWaiting: feed.isWaiting || files.isWaiting };
      exceeded ??= budget.tick(performance.now(), state);
      if (exceeded !== undefined) this.kill();
    }, tickMs);
    const stop = (): void => this.kill();
    signal.addEventListener('abort', stop, { once: true });
    try {
      this.#child.stdin.write(jsonFrame(frameKinds.task, task.request));
      return await this.#converse(task, { feed, budget, files });
    } catch (error) {
      signal.throwIfAborted();
      if (exceeded === undefined) throw error;
      throw new InspectionError(exceeded.failure, { subject: task.subject, reason: exceeded.reason });
    } finally {
      signal.removeEventListener('abort', stop);
      clearInterval(ticks);
      feed.stop();
    }
  }

  async #converse(task: ProcessTask, sides: Conversation): Promise<TaskAnswer> {
    const { feed, budget, files } = sides;
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for (;;) {
      const { kind, payload } = await this.#next(task.subject);
      switch (kind) {
        case frameKinds.open:
          feed.begin(Number(payload.toString()));
          break;
        case frameKinds.progress: {
          const { bytes, residentBytes } = parse<{ bytes: number; residentBytes: number }>(payload);
          budget.progress(bytes, residentBytes);
          break;
        }
        case frameKinds.file:
        case frameKinds.piece:
          await this.#handOn(files, { kind, payload });
          break;
        case frameKinds.bytes:
          parts.push(payload);
          sizeBytes += payload.length;
          if (sizeBytes > this.#limits.answerBytesMax) throw this.#tooLong(task.subject);
          break;
        case frameKinds.answer:
          return { answer: parse(payload), bytes: Buffer.concat(parts) };
        case frameKinds.failed: {
          if (feed.failure !== undefined) throw feed.failure.error;
          const { failure, reason } = parse<{ failure: InspectionFailure; reason: string }>(payload);
          throw new InspectionError(failure, { subject: task.subject, reason });
        }
        default:
          throw this.#tooLong(task.subject);
      }
    }
  }

  /** What goes wrong here leaves the process in the midst of its task, so it ends. */
  async #handOn(files: HandedOutFiles, { kind, payload }: Frame): Promise<void> {
    try {
      if (kind === frameKinds.file) files.file(parse<LayerFile>(payload));
      else await files.piece(payload);
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  async #next(subject: string): Promise<Frame> {
    try {
      const next = await this.#frames.next();
      if (next.done !== true) return next.value;
    } catch (error) {
      if (error instanceof FrameError) throw this.#tooLong(subject);
    }
    const how = await this.#ended;
    if (outOfMemoryPattern.test(this.#errors)) {
      const reason = `it takes more memory than its ${Math.floor(this.#limits.memoryBytesMax / mebibyte)} MiB allow`;
      throw new InspectionError('memory', { subject, reason });
    }
    throw new InspectionError('crashed', { subject, reason: `its process ended (${how})` });
  }

  #tooLong(subject: string): InspectionError {
    this.kill();
    const limit = `${Math.floor(this.#limits.answerBytesMax / mebibyte)} MiB`;
    return new InspectionError('answer', { subject, reason: `what is in it takes more than ${limit}` });
  }

  #usage(): ReturnType<typeof usageOf> {
    return this.#child.pid === undefined || this.#isOver ? undefined : usageOf(this.#child.pid);
  }

  async #watchEnd(): Promise<string> {
    return await new Promise<string>((resolve) => {
      const over = (how: string): void => {
        this.#isOver = true;
        resolve(how);
      };
      this.#child.once('close', (code, killedBy) => over(killedBy ?? `exit code ${code}`));
      this.#child.once('error', (error) => {
        this.#child.stdout.destroy();
        over(error.message);
      });
    });
  }
}

/** Pulls and pushes go first, and when memory is at its end, the kernel takes the inspection and not the server. */
function favourOthers(pid: number, niceness: number): void {
  try {
    if (niceness > 0) setPriority(pid, niceness);
  } catch {
    // It is gone already: the first task will find out.
  }
  writeFile(`/proc/${pid}/oom_score_adj`, '800').catch(() => undefined);
}

/** What the child wrote, of the same version. */
function parse<Value>(payload: Buffer): Value {
  return JSON.parse(payload.toString()) as Value;
}
