import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { InspectionPool } from '../inspection/inspection-pool.ts';
import { buildLayer } from './samples/build-image.ts';

// A server, as tests kill it: has a layer inspected whose file says what its reader does, and prints the process that does it.

const [probeModule = '', deed = ''] = process.argv.slice(2);
const layer = buildLayer({ [`hostile/${deed}`]: 'x' });
const pool = new InspectionPool({ probeModule, limits: { workSecondsMax: 1, stallSecondsMax: 1_000 } });
await pool.inspectLayer(
  { digest: layer.digest, index: 0, open: async () => Readable.from([buildLayer({}).bytes]) },
  new AbortController().signal,
);
void pool
  .inspectLayer(
    { digest: layer.digest, index: 0, open: async () => Readable.from([layer.bytes]) },
    new AbortController().signal,
  )
  .catch(() => undefined);
await sleep(300);
process.stdout.write(`${pool.processIds[0]}\n`);
await sleep(600_000);
