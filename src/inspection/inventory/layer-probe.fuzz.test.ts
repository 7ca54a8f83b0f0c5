import { describe, expect, it } from 'vitest';
import { fuzzMutations, fuzzParser, fuzzTimeoutMs } from '../../testing/fuzz-parser.ts';
import { processorMs } from '../../testing/processor-time.ts';
import { extractSample, inventorySamples } from '../../testing/samples/inventory-samples.ts';

const isFuzzing = fuzzMutations > 1000;
const rubbishBytes = isFuzzing ? 512 * 1024 : 8 * 1024;
/** The parser of YAML is linear, but slow: some 10 µs a byte where everything is wrong. */
const yamlRubbishBytes = rubbishBytes / 8;
const isYaml = /^berry\/|\.yaml|pubspec/;
const samples = inventorySamples.map((sample) => [sample.path, sample] as const);
const openings = [
  '{',
  '[',
  '{"a":',
  '[[',
  '- ',
  '? ',
  '&a [*a,',
  '"',
  "'",
  '(',
  '%',
  ' ',
  '\n',
  '\t',
  'a',
  '=',
  'a: ',
  '\r\n ',
];

describe('inventoryProbe on broken files (threats.md D9)', () => {
  it.each(samples)(
    'takes mutations of %s without a throw, and its findings survive JSON',
    (_path, { path, bytes }) => {
      fuzzParser({ bytes, parse: (mutant) => extractSample({ path, bytes: mutant }) });
    },
    fuzzTimeoutMs,
  );

  it.each(samples)(
    'reads rubbish at %s, repeated or broken, in linear time',
    (_path, { path, bytes }) => {
      const sizeBytes = isYaml.test(path) ? yamlRubbishBytes : rubbishBytes;
      for (const piece of [bytes, ...openings.map((text) => Buffer.from(text))]) {
        for (const start of [Buffer.alloc(0), bytes]) {
          const rubbish = Buffer.concat([start, Buffer.alloc(sizeBytes, piece)]);
          const startedAt = processorMs();
          expect(extractSample({ path, bytes: rubbish }).length).toBeLessThanOrEqual(100_004);
          const tookMs = processorMs() - startedAt;
          // What is quadratic needs minutes for 512 KiB.
          if (tookMs > (isFuzzing ? 10_000 : 2000))
            throw new Error(`${path} took ${tookMs} ms for ${JSON.stringify(piece.toString().slice(0, 20))}`);
        }
      }
    },
    fuzzTimeoutMs,
  );
});
