import { FieldReader, FieldRefusal, withoutUndefined } from './_json-fields.ts';
import { type ConfigText, configTexts } from './config-texts.ts';
import { type Digest, parseDigest } from './digest.ts';
import { type JsonValue, parseStrictJson } from './strict-json.ts';

/** One step of the build, oldest first (OCI image-spec v1.1 config.md: `history`). */
export interface ConfigHistory {
  readonly createdBy: string;
  readonly createdAt?: string;
  readonly comment?: string;
  /** The step made no layer. */
  readonly emptyLayer: boolean;
}

/** OCI image-spec v1.1 config.md, the parts that inspection reads; Docker's config has the same ones. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly createdAt?: string;
  /** Digests of the inflated layers, bottom first. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly ConfigHistory[];
  /** Every text that the build put into it. */
  readonly texts: readonly ConfigText[];
}

export type ParsedConfig =
  | { readonly kind: 'ok'; readonly config: ImageConfig }
  | { readonly kind: 'invalid'; readonly message: string };

/** Largest config in bytes that is read. */
export const configSizeBytesMax = 8 * 1024 * 1024;

const configFields: ReadonlySet<string> = new Set([
  'architecture',
  'os',
  'variant',
  'created',
  'author',
  'config',
  'rootfs',
  'history',
]);
const rootFsFields: ReadonlySet<string> = new Set(['type', 'diff_ids']);
const historyFields: ReadonlySet<string> = new Set([
  'created',
  'created_by',
  'author',
  'comment',
  'empty_layer',
]);

/** Parses an image config as strictly as a manifest; one without `rootfs.diff_ids` is no image's config and invalid. */
export function parseConfig(bytes: Uint8Array): ParsedConfig {
  if (bytes.length > configSizeBytesMax) return invalid(`must not exceed ${configSizeBytesMax} bytes`);
  const json = parseStrictJson(bytes);
  if (json.kind === 'invalid') return invalid(json.message);
  try {
    return { kind: 'ok', config: readConfig(json.value) };
  } catch (error) {
    if (error instanceof FieldRefusal) return invalid(error.message);
    throw error;
  }
}

function invalid(message: string): ParsedConfig {
  return { kind: 'invalid', message: `Cannot read the image config: ${message}` };
}

function readConfig(value: JsonValue): ImageConfig {
  const fields = new FieldReader(value, '', configFields);
  const rootFs = new FieldReader(fields.value('rootfs'), 'rootfs', rootFsFields);
  if (!rootFs.has('diff_ids')) throw new FieldRefusal('rootfs.diff_ids must be given');
  const diffIds = (rootFs.optionalStrings('diff_ids') ?? []).map((text) => {
    const digest = parseDigest(text);
    if (digest === undefined) throw new FieldRefusal('rootfs.diff_ids must hold digests');
    return digest;
  });
  return withoutUndefined({
    architecture: fields.optionalString('architecture') ?? '',
    os: fields.optionalString('os') ?? '',
    variant: fields.optionalString('variant'),
    createdAt: fields.optionalString('created'),
    diffIds,
    history: (fields.optionalArray('history') ?? []).map(readHistory),
    texts: configTexts(value),
  });
}

function readHistory(value: JsonValue, index: number): ConfigHistory {
  const fields = new FieldReader(value, `history[${index}]`, historyFields);
  return withoutUndefined({
    createdBy: fields.optionalString('created_by') ?? '',
    createdAt: fields.optionalString('created'),
    comment: fields.optionalString('comment'),
    emptyLayer: fields.optionalBoolean('empty_layer') ?? false,
  });
}
