import type { Readable } from 'node:stream';
import type { CombineRequest } from './combine-layers.ts';
import type { FilesLimits } from './image/give-files.ts';

/** What an inspection process is asked to do. */
export type ChildTask =
  | { readonly kind: 'layer' }
  | { readonly kind: 'files'; readonly limits: FilesLimits }
  /** Its sources are packed reports, bottom first. */
  | { readonly kind: 'combine'; readonly reportCount: number; readonly request: CombineRequest };

/** What the server gives to a task in its process, and is told of it. */
export interface TaskDesk {
  open(index: number): Promise<Readable>;
  /** So many bytes are read by now. */
  progress(bytes: number): void;
}

export interface TaskResult {
  readonly answer: unknown;
  readonly bytes?: Buffer;
}
