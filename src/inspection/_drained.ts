import type { Writable } from 'node:stream';

/** Resolves when the pipe takes more, or is closed. */
export async function drained(pipe: Writable): Promise<void> {
  if (pipe.destroyed || !pipe.writableNeedDrain) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      pipe.off('drain', done);
      pipe.off('close', done);
      resolve();
    };
    pipe.on('drain', done);
    pipe.on('close', done);
  });
}
