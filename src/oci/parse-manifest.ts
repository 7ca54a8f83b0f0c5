import { FieldReader, FieldRefusal, withoutUndefined } from './_json-fields.ts';
import { type DescriptorBudget, descriptorCountMax, readDescriptor } from './_read-descriptor.ts';
import { readOtherManifest } from './_read-other-manifest.ts';
import type { Descriptor, ImageManifest, IndexManifest, Manifest, OtherManifest } from './manifest.ts';
import {
  manifestKindOf,
  manifestMediaTypes,
  mediaTypeOf,
  ociIndexMediaType,
  ociManifestMediaType,
} from './media-types.ts';
import { isJsonObject, type JsonValue, parseStrictJson } from './strict-json.ts';

export type ParsedManifest =
  | { readonly kind: 'ok'; readonly manifest: Manifest }
  | { readonly kind: 'invalid'; readonly message: string };

/** Largest manifest in bytes; whoever reads one from outside stops there (threats.md §1.9). */
export const manifestSizeBytesMax = 4 * 1024 * 1024;

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
/**
 * Parses an image manifest or index, OCI or Docker v2s2, or a document of another type, whose descriptors are found. `contentType` is the header it came with (parameters ignored);
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
  if (kind === undefined) {
    throw new FieldRefusal(
      `the media type must be application/… and name a kind of manifest, got "${mediaType.slice(0, 150)}"`,
    );
  }
  if (kind === 'schema1') {
    throw new FieldRefusal('Docker schema 1 is not taken: push it as an OCI image or Docker schema 2');
  }
  const budget = { left: descriptorCountMax };
  if (kind === 'other') {
    const described = {
      mediaType,
      artifactType: textOf(fields.value('artifactType')),
      annotations: isStringMap(fields.value('annotations'))
        ? fields.optionalStringMap('annotations')
        : undefined,
    };
    return withoutUndefined({
      kind,
      ...described,
      ...readOtherManifest(fields, budget),
    }) satisfies OtherManifest;
  }
  if (fields.integer('schemaVersion') !== 2) throw new FieldRefusal('schemaVersion must be 2');
  refuseForeignFields(fields, kind);
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
  const sent = contentType === undefined ? undefined : spelling(mediaTypeOf(contentType));
  if (stated !== undefined && sent !== undefined && stated.toLowerCase() !== sent.toLowerCase()) {
    throw new FieldRefusal(`mediaType must equal the Content-Type "${sent}", got "${stated}"`);
  }
  return stated ?? sent ?? (fields.has('manifests') ? ociIndexMediaType : ociManifestMediaType);
}

/** Media types are the same in any letters (RFC 9110 §8.3.1): a header that means a known one is read as that. */
function spelling(mediaType: string): string {
  const folded = mediaType.toLowerCase();
  return manifestMediaTypes.includes(folded) ? folded : mediaType;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isStringMap(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && [...value.values()].every((text) => typeof text === 'string');
}

function refuseForeignFields(fields: FieldReader, kind: 'image' | 'index'): void {
  const foreign =
    kind === 'image' ? ['manifests', 'blobs', 'fsLayers'] : ['config', 'layers', 'blobs', 'fsLayers'];
  const found = foreign.find((key) => fields.has(key));
  if (found !== undefined) throw new FieldRefusal(`an ${kind} must not have the field ${found}`);
}

function readDescriptors(fields: FieldReader, key: string, budget: DescriptorBudget): readonly Descriptor[] {
  if (!fields.has(key)) throw new FieldRefusal(`${key} must be given`);
  return (fields.optionalArray(key) ?? []).map((item, index) =>
    readDescriptor(item, `${key}[${index}]`, budget),
  );
}
