import type { Writable } from 'node:stream';
import type { TaskDesk, TaskResult } from './_child-task.ts';
import { drained } from './_drained.ts';
import { frameHeader, frameKinds, jsonFrame } from './_frames.ts';
import { type FilesLimits, giveFiles } from './image/give-files.ts';

/** Hands out the files of the desk's only source, a layer, no faster than the pipe takes them; the answer is that of `giveFiles()`. */
export async function handOutFiles(
  desk: TaskDesk,
  options: { readonly pipe: Writable; readonly limits: FilesLimits },
): Promise<TaskResult> {
  const { pipe, limits } = options;
  const answer = await giveFiles({
    open: () => desk.open(0),
    limits,
    onProgress: (inflatedBytes) => desk.progress(inflatedBytes),
    receiver: {
      file: (file) => pipe.write(jsonFrame(frameKinds.file, file)),
      piece: (bytes) => {
        pipe.write(frameHeader(frameKinds.piece, bytes.length));
        // Its bytes are ours during the call only.
        pipe.write(Buffer.from(bytes));
      },
      ready: () => drained(pipe),
    },
  });
  return { answer };
}
