/** What inspections may take; threats.md §1.9 has the numbers. */
export interface InspectionLimits {
  /** Inspections at the same time, each in a process of its own. */
  readonly processes: number;
  /** Resident memory of one process, buffers outside the heap included. */
  readonly memoryBytesMax: number;
  /** Work on one layer; see `workMsMax()`. Work is processor time, where the system tells it. */
  readonly workSecondsMax: number;
  /** Work without progress. */
  readonly stallSecondsMax: number;
  /** What one inspection may answer: the report of a layer, compressed, or what an image holds. */
  readonly answerBytesMax: number;
  /** An inspection process without work ends after so long. */
  readonly idleMs: number;
}

export const defaultInspectionLimits: InspectionLimits = {
  processes: 2,
  memoryBytesMax: 1024 ** 3,
  workSecondsMax: 600,
  stallSecondsMax: 30,
  answerBytesMax: 64 * 1024 ** 2,
  idleMs: 30_000,
};

/** What a layer of no size may take, and how slowly a large one may be read: a thirtieth of what is usual. */
const baseMs = 60_000;
const bytesPerMs = (4 * 1024 ** 2) / 1000;

/** Milliseconds of work that so many bytes may take: it grows with them up to `workSecondsMax`. */
export function workMsMax(limits: Pick<InspectionLimits, 'workSecondsMax'>, bytes: number): number {
  return Math.min(limits.workSecondsMax * 1000, baseMs + bytes / bytesPerMs);
}
