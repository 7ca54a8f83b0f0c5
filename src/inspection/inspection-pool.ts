import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ChildTask } from './_child-task.ts';
import { InspectionProcess, type ProcessTask, type TaskAnswer } from './_inspection-process.ts';
import type { CombinedLayers, CombineRequest } from './combine-layers.ts';
import type { FileReceiver, FilesLimits, UngivenFiles } from './image/give-files.ts';
import type { ImageLayer } from './image/image.ts';
import { defaultInspectionLimits, type InspectionLimits } from './inspection-limits.ts';
import type { Inventory } from './inventory/build-inventory.ts';
import type { PackedReport } from './packed-report.ts';

export interface InspectionPoolOptions {
  readonly limits?: Partial<InspectionLimits>;
  /** Added to the priority number of the processes, so that others go first; default 0. */
  readonly niceness?: number;
  /** File of a module that exports a `ScanProbe` as `probe`; default `scan-probe.ts`. */
  readonly probeModule?: string;
}

/** Nothing is inspected any more: the server stops. */
export class InspectionsClosedError extends Error {
  override readonly name = 'InspectionsClosedError';
  readonly code = 'inspections_closed';
  constructor() {
    super('Cannot inspect: the inspections must be open, got closed ones');
  }
}

/** Someone who waits for a process. */
interface Waiter {
  readonly proceed: () => void;
  readonly refuse: (reason: unknown) => void;
}

const defaultProbeModule = fileURLToPath(new URL('scan-probe.ts', import.meta.url));

/**
 * Reads layers in processes of their own: what a hostile layer does to its reader costs that process and that scan, and
 * neither the server nor other scans (threats.md D9, F26). Processes start when there is work and end a while after it.
 */
export class InspectionPool {
  readonly limits: InspectionLimits;
  readonly #niceness: number;
  readonly #probeModule: string;
  readonly #processes = new Set<InspectionProcess>();
  /** Without work, with the timer that ends them; the last is the one used last. */
  readonly #idle = new Map<InspectionProcess, NodeJS.Timeout>();
  readonly #waiters = new Set<Waiter>();
  #runningCount = 0;
  #isClosed = false;

  constructor(options: InspectionPoolOptions = {}) {
    this.limits = { ...defaultInspectionLimits, ...options.limits };
    this.#niceness = options.niceness ?? 0;
    this.#probeModule = options.probeModule ?? defaultProbeModule;
  }

  /** The processes that there are now, for those who watch them. */
  get processIds(): readonly number[] {
    return [...this.#processes].flatMap(({ pid }) => pid ?? []);
  }

  /** Starts a process before there is work for it. */
  warm(): void {
    if (!this.#isClosed && this.#processes.size === 0) this.#keep(this.#start());
  }

  /**
   * The report of a layer. Throws `InspectionError` when the budget ends or the process does, what the layer's source
   * throws, and the signal's reason; an abort takes effect at once.
   */
  async inspectLayer(
    layer: Pick<ImageLayer, 'digest' | 'index' | 'open'>,
    signal: AbortSignal,
  ): Promise<PackedReport> {
    const request: ChildTask = { kind: 'layer' };
    const { answer, bytes } = await this.#run(
      { subject: subjectOf(layer), request, open: () => layer.open() },
      signal,
    );
    return { ...(answer as Omit<PackedReport, 'bytes'>), bytes };
  }

  /**
   * Gives every regular file of a layer to the receiver, as `giveFiles()` does. Throws as `inspectLayer()`, and what the
   * receiver throws.
   */
  async giveFiles(
    layer: Pick<ImageLayer, 'digest' | 'index' | 'open'>,
    taking: { readonly receiver: FileReceiver; readonly limits: FilesLimits },
    signal: AbortSignal,
  ): Promise<readonly UngivenFiles[]> {
    const { receiver, limits } = taking;
    const request: ChildTask = { kind: 'files', limits };
    const { answer } = await this.#run(
      { subject: subjectOf(layer), request, open: () => layer.open(), receiver },
      signal,
    );
    return answer as readonly UngivenFiles[];
  }

  /** What an image holds, by the packed reports of its layers, bottom first. Throws as `inspectLayer()`. */
  async combineLayers(
    reports: readonly Buffer[],
    request: CombineRequest,
    signal: AbortSignal,
  ): Promise<CombinedLayers> {
    const task: ChildTask = { kind: 'combine', reportCount: reports.length, request };
    const open = async (index: number) => Readable.from(reports[index] === undefined ? [] : [reports[index]]);
    const { answer } = await this.#run({ subject: 'the layers together', request: task, open }, signal);
    const combined = answer as CombinedLayers; // but for its instants, which are texts
    return { ...combined, inventory: withInstants(combined.inventory) };
  }

  /** Ends all processes; whoever waits or runs is refused with an `InspectionsClosedError`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiter of this.#waiters) waiter.refuse(new InspectionsClosedError());
    this.#waiters.clear();
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    const processes = [...this.#processes];
    for (const process of processes) process.kill();
    await Promise.all(processes.map(({ ended }) => ended));
  }

  async #run(task: ProcessTask, signal: AbortSignal): Promise<TaskAnswer> {
    await this.#turn(signal);
    try {
      const process = this.#takeIdle() ?? this.#start();
      try {
        return await process.run(task, signal);
      } catch (error) {
        throw this.#isClosed && !signal.aborted ? new InspectionsClosedError() : error;
      } finally {
        if (process.isOver || process.isWorn || this.#isClosed) process.kill();
        else this.#keep(process);
      }
    } finally {
      this.#release();
    }
  }

  /** Resolves when one more process may work; first come, first served. */
  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new InspectionsClosedError();
    if (this.#runningCount < this.limits.processes) {
      this.#runningCount += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener('abort', abort);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        proceed: () => {
          leave();
          resolve();
        },
        refuse: (reason) => {
          leave();
          reject(reason);
        },
      };
      const abort = (): void => waiter.refuse(signal.reason);
      signal.addEventListener('abort', abort);
      this.#waiters.add(waiter);
    });
  }

  /** Hands the turn on to who waits longest. */
  #release(): void {
    const [next] = this.#waiters;
    if (next === undefined) this.#runningCount -= 1;
    else next.proceed();
  }

  #start(): InspectionProcess {
    const process = new InspectionProcess({
      limits: this.limits,
      niceness: this.#niceness,
      probeModule: this.#probeModule,
    });
    this.#processes.add(process);
    void process.ended.then(() => {
      this.#processes.delete(process);
      this.#forget(process);
    });
    return process;
  }

  #keep(process: InspectionProcess): void {
    const end = setTimeout(() => {
      this.#forget(process);
      process.kill();
    }, this.limits.idleMs);
    end.unref();
    this.#idle.set(process, end);
  }

  #takeIdle(): InspectionProcess | undefined {
    const process = [...this.#idle.keys()].findLast(({ isOver }) => !isOver);
    if (process !== undefined) this.#forget(process);
    return process;
  }

  #forget(process: InspectionProcess): void {
    clearTimeout(this.#idle.get(process));
    this.#idle.delete(process);
  }
}

function subjectOf({ index, digest }: Pick<ImageLayer, 'digest' | 'index'>): string {
  return `layer ${index} (${digest})`;
}

/** JSON has no dates. */
function withInstants(inventory: Inventory): Inventory {
  const { newestAt } = inventory;
  return { ...inventory, ...(newestAt === undefined ? {} : { newestAt: new Date(newestAt) }) };
}
