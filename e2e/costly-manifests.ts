import { digestOf } from '../src/bytes/digest.ts';
import { ociConfigMediaType, ociLayerMediaType } from '../src/oci/media-types.ts';

/** Config and every layer of the manifests; it must be in the repository for those that are sound to be stored. */
export const costlyContent = Buffer.from('{}');

const sizeBytes = 4 * 1024 * 1024;
const config = {
  mediaType: ociConfigMediaType,
  digest: digestOf(costlyContent),
  size: costlyContent.length,
};

/** Manifests of 4 MiB by what makes them costly, each another one by its number (threats.md C6). */
export const costlyManifests = {
  nested: () => '['.repeat(sizeBytes),
  wide: () => `{"schemaVersion":2,"layers":[${'{"a":1},'.repeat(500_000)}{}]}`,
  /** As many values as are parsed at all, and a fault at the end. */
  values: (number: number) =>
    filled({ other: Array.from({ length: 49_000 }, () => ({})), number }).replace(/\}$/, ',}'),
  keys: (number: number) =>
    filled({
      annotations: Object.fromEntries(
        Array.from({ length: 9_900 }, (_, index) => [
          `${index}`.padStart(100, 'k'),
          `${'\n'.repeat(80)}${number}`,
        ]),
      ),
    }),
  layers: (number: number) => {
    const layer = { ...config, mediaType: ociLayerMediaType, annotations: { number: `${number}` } };
    return filled({ layers: Array.from({ length: 9_900 }, () => layer) });
  },
} as const satisfies Readonly<Record<string, (number: number) => string>>;

export type CostlyManifest = keyof typeof costlyManifests;

function filled(fields: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify({ schemaVersion: 2, config, layers: [], ...fields });
  const rest = sizeBytes - Buffer.byteLength(text) - ',"filler":""'.length - 1;
  return `${text.slice(0, -1)},"filler":"${'x'.repeat(rest)}"}`;
}
