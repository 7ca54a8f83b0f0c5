import { FieldReader, FieldRefusal, placed, withoutUndefined } from './_json-fields.ts';
import { parseDigest } from './digest.ts';
import type { Descriptor, ImageManifest, IndexManifest, Manifest, Platform } from './manifest.ts';
import { manifestKindOf, mediaTypeOf, ociIndexMediaType, ociManifestMediaType } from './media-types.ts';
import { type JsonValue, parseStrictJson } from './strict-json.ts';

export type ParsedManifest =
  | { readonly kind: 'ok'; readonly manifest: Manifest }
  | { readonly kind: 'invalid'; readonly message: string };

/** Largest manifest in bytes; whoever reads one from outside stops there (threats.md §1.9). */
export const manifestSizeBytesMax = 4 * 1024 * 1024;
/** Most descriptors in one manifest (threats.md §1.9). */
export const descriptorCountMax = 10_000;

/** Every field that a manifest of any kind has, so that an image with `Manifests` is refused too. */
const manifestFields: ReadonlySet<string> = new Set([
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'blobs',
  'fsLayers',
  'subject',
  'annotations',
]);
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

/**
 * Parses an image manifest or index, OCI or Docker v2s2. `contentType` is the header it came with (parameters ignored);
 * without one the document's own `mediaType` counts, else its fields. What two readers could see differently is invalid:
 * see `parseStrictJson()`, a `mediaType` other than the header's, layers beside manifests (CVE-2021-41190).
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): ParsedManifest {
  if (bytes.length > manifestSizeBytesMax) return invalid(`must not exceed ${manifestSizeBytesMax} bytes`);
  const json = parseStrictJson(bytes);
  if (json.kind === 'invalid') return invalid(json.message);
  try {
    return { kind: 'ok', manifest: readManifest(json.value, contentType) };
  } catch (error) {
    if (error instanceof FieldRefusal) return invalid(error.message);
    throw error;
  }
}

function invalid(message: string): ParsedManifest {
  return { kind: 'invalid', message: `Cannot read the manifest: ${message}` };
}

function readManifest(value: JsonValue, contentType: string | undefined): Manifest {
  const fields = new FieldReader(value, '', manifestFields);
  const mediaType = chooseMediaType(fields, contentType);
  const kind = manifestKindOf(mediaType);
  if (kind === undefined)
    throw new FieldRefusal(`media type "${mediaType}" must be an image manifest or index`);
  if (fields.integer('schemaVersion') !== 2) throw new FieldRefusal('schemaVersion must be 2');
  refuseForeignFields(fields, kind);
  const budget = { left: descriptorCountMax };
  const subject = fields.value('subject');
  const shared = {
    mediaType,
    artifactType: fields.optionalString('artifactType'),
    subject: subject === undefined ? undefined : readDescriptor(subject, 'subject', budget),
    annotations: fields.optionalStringMap('annotations'),
  };
  if (kind === 'index') {
    const manifests = readDescriptors(fields, 'manifests', budget);
    return withoutUndefined({ kind, ...shared, manifests }) satisfies IndexManifest;
  }
  const config = readDescriptor(fields.value('config'), 'config', budget);
  const layers = readDescriptors(fields, 'layers', budget);
  return withoutUndefined({ kind, ...shared, config, layers }) satisfies ImageManifest;
}

function chooseMediaType(fields: FieldReader, contentType: string | undefined): string {
  const stated = fields.optionalString('mediaType');
  const sent = contentType === undefined ? undefined : mediaTypeOf(contentType);
  if (stated !== undefined && sent !== undefined && stated !== sent) {
    throw new FieldRefusal(`mediaType must equal the Content-Type "${sent}", got "${stated}"`);
  }
  return stated ?? sent ?? (fields.has('manifests') ? ociIndexMediaType : ociManifestMediaType);
}

function refuseForeignFields(fields: FieldReader, kind: 'image' | 'index'): void {
  const foreign =
    kind === 'image' ? ['manifests', 'blobs', 'fsLayers'] : ['config', 'layers', 'blobs', 'fsLayers'];
  const found = foreign.find((key) => fields.has(key));
  if (found !== undefined) throw new FieldRefusal(`an ${kind} must not have the field ${found}`);
}

function readDescriptors(fields: FieldReader, key: string, budget: { left: number }): readonly Descriptor[] {
  if (!fields.has(key)) throw new FieldRefusal(`${key} must be given`);
  return (fields.optionalArray(key) ?? []).map((item, index) =>
    readDescriptor(item, `${key}[${index}]`, budget),
  );
}

function readDescriptor(value: JsonValue | undefined, place: string, budget: { left: number }): Descriptor {
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
