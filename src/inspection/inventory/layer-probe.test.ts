import { describe, expect, it } from 'vitest';
import { extractSample, inventorySamples, programSamples } from '../../testing/samples/inventory-samples.ts';
import { languageExtractors } from './language/language-extractors.ts';
import { inventoryProbe } from './layer-probe.ts';
import { osExtractors } from './os/os-extractors.ts';

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
    const kinds = extractSample(sample).map(({ kind }) => kind);
    expect(kinds.length).toBeGreaterThan(0);
    expect(kinds).not.toContain('unreadable');
  });
});
