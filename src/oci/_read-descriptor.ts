import { FieldReader, FieldRefusal, placed, withoutUndefined } from './_json-fields.ts';
import { parseDigest } from './digest.ts';
import type { Descriptor, Platform } from './manifest.ts';
import type { JsonValue } from './strict-json.ts';

/** Most descriptors in one manifest (threats.md §1.9). */
export const descriptorCountMax = 10_000;

const descriptorFields: ReadonlySet<string> = new Set([
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'artifactType',
  'platform',
]);
const platformFields: ReadonlySet<string> = new Set([
  'architecture',
  'os',
  'os.version',
  'os.features',
  'variant',
  'features',
]);

/** Counts the descriptors of one document down to none. */
export interface DescriptorBudget {
  left: number;
}

/** A descriptor (OCI image-spec v1.1 descriptor.md); throws `FieldRefusal`. `place` is how messages name it. */
export function readDescriptor(
  value: JsonValue | undefined,
  place: string,
  budget: DescriptorBudget,
): Descriptor {
  budget.left -= 1;
  if (budget.left < 0) throw new FieldRefusal(`there must be at most ${descriptorCountMax} descriptors`);
  const fields = new FieldReader(value, place, descriptorFields);
  const digest = parseDigest(fields.string('digest'));
  if (digest === undefined) {
    throw new FieldRefusal(`${placed(place, 'digest')} must be sha256 or sha512 with lower-case hex`);
  }
  const size = fields.integer('size');
  const data = fields.optionalString('data');
  if (data !== undefined && base64LengthBytes(data) !== size) {
    throw new FieldRefusal(`${placed(place, 'data')} must be base64 of as many bytes as size says`);
  }
  const platform = fields.value('platform');
  return withoutUndefined({
    mediaType: fields.string('mediaType'),
    digest,
    size,
    annotations: fields.optionalStringMap('annotations'),
    platform: platform === undefined ? undefined : readPlatform(platform, placed(place, 'platform')),
    artifactType: fields.optionalString('artifactType'),
    urls: fields.optionalStrings('urls'),
    data,
  });
}

function readPlatform(value: JsonValue, place: string): Platform {
  const fields = new FieldReader(value, place, platformFields);
  return withoutUndefined({
    os: fields.optionalString('os') ?? '',
    architecture: fields.optionalString('architecture') ?? '',
    variant: fields.optionalString('variant'),
    osVersion: fields.optionalString('os.version'),
  });
}

/** Bytes that the base64 text (RFC 4648 §4, padded) stands for, or undefined when it is none. */
function base64LengthBytes(text: string): number | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}
