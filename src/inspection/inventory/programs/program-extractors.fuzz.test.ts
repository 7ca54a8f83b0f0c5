import { expect, it } from 'vitest';
import { fuzzParser, fuzzTimeoutMs } from '../../../testing/fuzz-parser.ts';
import { extractSample, programSamples } from '../../../testing/samples/inventory-samples.ts';

it.each(programSamples.map((sample) => [sample.path, sample] as const))(
  'programExtractors take mutations of %s without a throw, and their findings survive JSON (threats.md D9)',
  (_path, { path, bytes }) => {
    expect(bytes.length).toBeLessThan(4096);
    fuzzParser({ bytes, parse: (mutant) => extractSample({ path, bytes: mutant }) });
  },
  fuzzTimeoutMs,
);
