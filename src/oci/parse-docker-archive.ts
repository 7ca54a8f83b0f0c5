import { FieldReader, FieldRefusal } from './_json-fields.ts';
import { isJsonArray, type JsonValue, parseStrictJson } from './strict-json.ts';

/** An image of a `docker save` archive: names of the archive's members. */
export interface DockerArchiveImage {
  readonly config: string;
  readonly repoTags: readonly string[];
  /** Bottom first. */
  readonly layers: readonly string[];
}

export type ParsedDockerArchive =
  | { readonly kind: 'ok'; readonly images: readonly DockerArchiveImage[] }
  | { readonly kind: 'invalid'; readonly message: string };

const imageFields: ReadonlySet<string> = new Set(['Config', 'RepoTags', 'Layers', 'Parent', 'LayerSources']);

/** Parses `manifest.json` of a `docker save` archive (moby image/spec v1.2, "Combined Image JSON + Filesystem Changeset Format"). */
export function parseDockerArchive(bytes: Uint8Array): ParsedDockerArchive {
  const json = parseStrictJson(bytes);
  if (json.kind === 'invalid') return invalid(json.message);
  if (!isJsonArray(json.value)) return invalid('the document must be an array');
  try {
    return { kind: 'ok', images: json.value.map(readImage) };
  } catch (error) {
    if (error instanceof FieldRefusal) return invalid(error.message);
    throw error;
  }
}

function invalid(message: string): ParsedDockerArchive {
  return { kind: 'invalid', message: `Cannot read manifest.json: ${message}` };
}

function readImage(value: JsonValue, index: number): DockerArchiveImage {
  const fields = new FieldReader(value, `[${index}]`, imageFields);
  return {
    config: fields.string('Config'),
    repoTags: fields.optionalStrings('RepoTags') ?? [],
    layers: fields.optionalStrings('Layers') ?? [],
  };
}
