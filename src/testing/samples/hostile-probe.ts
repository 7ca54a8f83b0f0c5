import { pbkdf2Sync } from 'node:crypto';
import type { LayerProbe } from '../../inspection/image/layer-probe.ts';
import type { Found } from '../../inspection/inventory/found.ts';
import type { SecretHit } from '../../report/secret.ts';

const blockBytes = 16 * 1024 ** 2;
const kept: unknown[] = [];

/** What the extractor of a file below `hostile/` does, by the file's name. */
const deeds: Readonly<Record<string, (bytes: Buffer) => void>> = {
  loop: () => {
    for (;;) kept.length = 0;
  },
  // Code that no JavaScript can be interrupted in.
  native: () => {
    pbkdf2Sync('a', 'b', 2 ** 31 - 1, 64, 'sha512');
  },
  // A growing table is one large allocation: in a worker thread it ends the process.
  table: () => {
    const table = new Map<number, number>();
    for (let index = 0; ; index += 1) table.set(index, index);
  },
  objects: () => {
    for (;;) kept.push({ index: kept.length });
  },
  // Each at once, in native code that asks for no leave.
  json: () => {
    kept.push(JSON.parse(`[${'[],'.repeat(40_000_000)}[]]`));
  },
  buffers: () => {
    for (;;) kept.push(Buffer.alloc(blockBytes, 1));
  },
  'one-buffer': () => {
    kept.push(Buffer.alloc(4 * 1024 ** 3 - 1));
  },
  abort: () => {
    process.abort();
  },
  exit: () => {
    process.exit(3);
  },
  // Half a second of work that comes to an end.
  slow: () => {
    const endAtMs = performance.now() + 500;
    while (performance.now() < endAtMs) kept.length = 0;
  },
  // Says what only the server may say: the answer is broken off.
  chatter: () => {
    process.stdout.write('an answer that is none');
  },
};

/** A probe that does to its process what the names of files say; given to inspection processes as their module. */
export const probe: LayerProbe<Found, SecretHit> = {
  wants: (path) => path.startsWith('hostile/'),
  fileSizeBytesMax: () => blockBytes,
  extract: (path, bytes) => {
    const name = path.slice('hostile/'.length).replace(/-[0-9]+$/, '');
    deeds[name]?.(bytes);
    return [];
  },
};
