import { Readable } from 'node:stream';
import { inspectLayer } from '../src/inspection/image/inspect-layer.ts';
import { escapingArchives } from '../src/testing/samples/escaping-archives.ts';
import { textProbe } from '../src/testing/samples/text-probe.ts';

// Reads every archive that tries to escape, and prints how many; the test watches what the process opens.
// With a date in it, because the first one reads the time zone.
console.log(new Date(0).toString() === '' ? '' : 'begin');
for (const [, , archive] of escapingArchives) {
  await inspectLayer({ open: async () => Readable.from([archive]), probe: textProbe });
}
console.log(`read ${escapingArchives.length}`);
