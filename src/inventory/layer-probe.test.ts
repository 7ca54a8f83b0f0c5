import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldBytes } from '../bytes/held-bytes.ts';
import { type InventorySample, inventorySamples, programSamples } from '../testing/inventory-samples.ts';
import type { Found } from './found.ts';
import { languageExtractors } from './language/language-extractors.ts';
import { inventoryProbe } from './layer-probe.ts';
import { osExtractors } from './os/os-extractors.ts';

/** `npm run fuzz:inventory` sets it to 10,000, as threats.md D9 asks; the unit tests have seconds. */
const mutations = Number(process.env['PRATIQUE_TEST_MUTATIONS'] ?? '50');
const isFuzzing = mutations > 1000;
const rubbishBytes = isFuzzing ? 4 * 2 ** 20 : 8 * 1024;
/** The parser of YAML is linear, but slow. */
const yamlRubbishBytes = rubbishBytes / 8;
const isYaml = /^berry\/|\.yaml|pubspec/;
const timeoutMs = isFuzzing ? 1_200_000 : 30_000;

function extract({ path, bytes }: InventorySample): readonly Found[] {
  if (inventoryProbe.wants(path)) return inventoryProbe.extract(path, bytes);
  const program = new HeldBytes();
  for (let at = 0; at < bytes.length; at += 4096) program.add(bytes.subarray(at, at + 4096));
  return inventoryProbe.programs?.extract(path, program) ?? [];
}

const samples = [...inventorySamples, ...programSamples].map((sample) => [sample.path, sample] as const);

describe('inventoryProbe', () => {
  it('wants every path whose absence means something', () => {
    expect(inventoryProbe.knownPaths?.every((path) => inventoryProbe.wants(path))).toBe(true);
    expect(inventoryProbe.knownPaths).toContain('var/lib/dpkg/status');
  });

  it('is tried below with a sample for every extractor', () => {
    for (const extractor of [...osExtractors, ...languageExtractors]) {
      expect(inventorySamples.some(({ path }) => extractor.wants(path))).toBe(true);
    }
  });

  it.each(samples)('finds something readable in the sample %s', (_path, sample) => {
    const kinds = extract(sample).map(({ kind }) => kind);
    expect(kinds.length).toBeGreaterThan(0);
    expect(kinds).not.toContain('unreadable');
  });
});

describe('inventoryProbe on broken files (threats.md D9)', () => {
  it.each(samples)(
    'takes mutations of %s without a throw, and its findings survive JSON',
    (_path, sample) => {
      const { path, bytes } = sample;
      const edit = fc.tuple(fc.nat(bytes.length - 1), fc.nat(3), fc.uint8Array({ maxLength: 6 }));
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
          const mutated = edits.reduce<Buffer>(
            (current, [at, removed, added]) =>
              Buffer.concat([current.subarray(0, at), added, current.subarray(at + removed)]),
            bytes,
          );
          const found = extract({ path, bytes: mutated });
          expect(JSON.parse(JSON.stringify(found))).toEqual(found);
        }),
        { numRuns: mutations },
      );
    },
    timeoutMs,
  );

  it.each(samples)(
    'reads rubbish at %s, repeated or broken, in linear time',
    (_path, { path, bytes }) => {
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
      for (const piece of [bytes, ...openings.map((text) => Buffer.from(text))]) {
        for (const start of [Buffer.alloc(0), bytes]) {
          const sizeBytes = isYaml.test(path) ? yamlRubbishBytes : rubbishBytes;
          const rubbish = Buffer.concat([start, Buffer.alloc(sizeBytes, piece)]);
          const startedAt = performance.now();
          expect(extract({ path, bytes: rubbish }).length).toBeLessThanOrEqual(100_004);
          const tookMs = performance.now() - startedAt;
          // What is quadratic needs hours for 4 MiB; YAML needs some 10 µs a byte where everything is wrong.
          if (tookMs > (isFuzzing ? 60_000 : 2000))
            throw new Error(`${path} took ${tookMs} ms for ${JSON.stringify(piece.toString().slice(0, 20))}`);
        }
      }
    },
    timeoutMs,
  );
});
