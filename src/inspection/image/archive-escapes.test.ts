import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { escapingArchives } from '../../testing/samples/escaping-archives.ts';
import { textProbe } from '../../testing/samples/text-probe.ts';
import { inspectLayer } from './inspect-layer.ts';
import { mergeLayers } from './merge-layers.ts';

// That nothing of them is written or opened on the host is shown under strace: `npm run test:e2e -- inventory-escapes`.
describe('archives that lead out of the folder they are unpacked in (threats.md D1)', () => {
  it('are 35 at least', () => {
    expect(escapingArchives.length).toBeGreaterThanOrEqual(35);
  });

  it.each(escapingArchives)('%s: %s', async (_trick, outcome, archive) => {
    const report = await inspectLayer({ open: async () => Readable.from([archive]), probe: textProbe });
    const view = mergeLayers([report], { knownPaths: ['db/status'] });
    const isRefused = report.incomplete !== undefined || view.incomplete.length > 0;
    expect(isRefused ? 'refused' : 'confined').toBe(outcome);
    // The host has a file of each of these names with text in it: nothing of that was found.
    expect(report.files.flatMap(({ found }) => found)).toEqual([]);
  });
});
