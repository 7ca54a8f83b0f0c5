import type { ConfigText } from '../oci/config-texts.ts';
import { compareSecrets, type SecretCounts, type SecretFinding } from '../report/image-secrets.ts';
import { findingLimits, keepWithin, storable } from '../report/keep-within.ts';
import type { ScanProblem } from '../report/scan-state.ts';
import type { SecretHit } from '../report/secret.ts';
import { fileFate } from './image/file-fate.ts';
import type { ScanReport } from './scan-probe.ts';
import { findSecretsInText } from './secrets/file-secrets.ts';
import { findSecretsInCommand, findSecretsInVariable } from './secrets/text-secrets.ts';

/** What of an image is looked at besides the files in its layers; plain data. */
export interface SearchedImage {
  /** Bottom first. */
  readonly layers: readonly {
    readonly digest: string;
    readonly index: number;
    readonly createdBy?: string;
    readonly diffId?: string;
  }[];
  readonly configTexts: readonly ConfigText[];
}

/** What a scan for secrets comes to. */
export interface InspectedSecrets {
  readonly outcome: 'scanned' | 'incomplete' | 'unsupported';
  readonly problem?: ScanProblem;
  /** Worst first, within `findingLimits`. */
  readonly findings: readonly SecretFinding[];
  /** Of those above that. */
  readonly omitted: SecretCounts;
}

/** Characters of a config's texts that are searched (threats.md D9). */
const configLengthMax = 1024 * 1024;

/** The secrets of an image: in the files of each of its layers, hidden ones too, and in its config. */
export function inspectSecrets(
  image: SearchedImage,
  reports: readonly ScanReport[],
  now: Date,
): InspectedSecrets {
  const firstSeenAt = now.toISOString();
  const all = [...layerSecrets(image, reports, firstSeenAt), ...configSecrets(image, firstSeenAt)];
  const { kept, omitted } = keepWithin(all.sort(compareSecrets), findingLimits);
  const findings = kept.map((finding) => withFate(finding, reports));
  const problem = problemOf(image, reports);
  if (problem === undefined) return { outcome: 'scanned', findings, omitted };
  return { outcome: 'incomplete', problem, findings, omitted };
}

function* layerSecrets(
  image: SearchedImage,
  reports: readonly ScanReport[],
  firstSeenAt: string,
): Generator<SecretFinding> {
  const seenLayers = new Set<string>();
  for (const layer of image.layers) {
    const { digest, index, createdBy } = layer;
    // The same bytes twice are the same secrets.
    if (seenLayers.has(digest)) continue;
    seenLayers.add(digest);
    const place = { index, digest, ...(createdBy === undefined ? {} : { createdBy }) };
    const seen = new Set<string>();
    for (const { path: written, hits } of reports[index]?.contents ?? []) {
      const path = storable(written);
      for (const hit of hits) {
        const key = [path, hit.rule, hit.line, hit.masked].join('\n');
        if (seen.has(key)) continue;
        seen.add(key);
        yield { ...hit, path, layer: place, firstSeenAt };
      }
    }
  }
}

function* configSecrets({ configTexts }: SearchedImage, firstSeenAt: string): Generator<SecretFinding> {
  let length = 0;
  for (const text of configTexts) {
    length += text.value.length;
    if (length > configLengthMax) return;
    for (const hit of hitsOf(text)) yield { ...hit, path: storable(text.place), firstSeenAt };
  }
}

function hitsOf({ kind, name = '', value }: ConfigText): readonly SecretHit[] {
  switch (kind) {
    case 'variable':
      return findSecretsInVariable(name, value);
    case 'command':
      return findSecretsInCommand(value);
    case 'text':
      return findSecretsInText(value);
  }
}

function withFate(finding: SecretFinding, reports: readonly ScanReport[]): SecretFinding {
  if (finding.layer === undefined) return finding;
  const fate = fileFate(reports, finding.path, finding.layer.index);
  return fate === undefined ? finding : { ...finding, fate };
}

/** Why there may be more: links that lead nowhere do not matter here, because every file is read wherever it lies. */
function problemOf(
  { layers, configTexts }: SearchedImage,
  reports: readonly ScanReport[],
): ScanProblem | undefined {
  const hasDiffIds = layers.some(({ diffId }) => diffId !== undefined);
  const reasons = reports.flatMap(({ incomplete, diffId, omittedHitCount = 0 }, index) => {
    const expected = layers[index]?.diffId;
    const isOther = hasDiffIds && incomplete === undefined && diffId !== expected;
    return [
      ...(incomplete === undefined ? [] : [`layer ${index}: ${incomplete.message}`]),
      ...(isOther ? [`layer ${index}: it does not inflate to what the config says`] : []),
      ...(omittedHitCount > 0 ? [`layer ${index}: ${omittedHitCount} secrets more than can be listed`] : []),
    ];
  });
  const configLength = configTexts.reduce((sum, { value }) => sum + value.length, 0);
  if (configLength > configLengthMax) reasons.push('the config has more text than is searched');
  if (reasons.length === 0) return undefined;
  return {
    phase: 'read-layer',
    reason: reasons.join('; '),
    remedy: 'Build the image again with a current tool; what was read is shown, but more may be in it',
  };
}
