import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { feedNames } from '../feed-names.ts';

export const bundleArtifactType = 'application/vnd.pratique.advisories.v1';
export const bundleConfigMediaType = 'application/vnd.pratique.advisories.config.v1+json';

/** The layout of config and layers; another number is not read. */
export const bundleSchema = 1;
export const bundleConfigBytesMax = 2 ** 20;
/** As large as the same files of a mirror may be. */
const layerBytesMax = 4 * 2 ** 30;

const instant = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' });

const feedSchema = Type.Object({
  /** An ecosystem, or one of `feedNames`; also the name of its folder in a mirror. */
  name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$' }),
  recordCount: Type.Integer({ minimum: 1 }),
  newestRecordAt: Type.Optional(instant),
  /** When this was last known to be what the feed's origin has: its age counts from here. */
  confirmedAt: instant,
  mediaType: Type.String(),
  digest: Type.String({ pattern: '^sha256:[a-f0-9]{64}$' }),
  size: Type.Integer({ minimum: 1, maximum: layerBytesMax }),
});

const configSchema = Type.Object({
  schema: Type.Literal(bundleSchema),
  /** Grows with every bundle that holds something else: milliseconds since 1970 of the newest confirmation in it. */
  version: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  createdAt: instant,
  /** In the order of the manifest's layers. */
  feeds: Type.Array(feedSchema, { minItems: 1, maxItems: 500 }),
});

/** What a bundle says of itself. Its bytes are signed, and name every other byte of the bundle by digest. */
export type BundleConfig = Static<typeof configSchema>;
export type BundleFeed = BundleConfig['feeds'][number];

/** The config, or what must hold of it, as it completes "its config …". */
export function parseBundleConfig(bytes: Buffer): BundleConfig | { readonly problem: string } {
  const value = parseJson(bytes);
  if (value === undefined) return { problem: 'must be a JSON object, got other bytes' };
  if (value['schema'] !== bundleSchema) {
    const got = JSON.stringify(value['schema'] ?? null).slice(0, 40);
    return {
      problem: `must be of schema ${bundleSchema}, got ${got}; a bundle of a newer schema needs a newer Pratique`,
    };
  }
  if (!Value.Check(configSchema, value)) {
    const [first] = Value.Errors(configSchema, value);
    return {
      problem: `must be as schema ${bundleSchema} says, got "${first?.instancePath}" that ${first?.message}`,
    };
  }
  const config = Value.Clean(configSchema, value) as BundleConfig; // checked above; fields that are not ours are left out
  const names = new Set(config.feeds.map(({ name }) => name));
  if (names.size < config.feeds.length) return { problem: 'must name each feed once, got one twice' };
  const wrong = config.feeds.find(
    ({ name, mediaType }) => name === feedNames.ecosystems || mediaType !== feedMediaType(name),
  );
  if (wrong !== undefined) {
    return {
      problem: `must give feed "${wrong.name}" as ${feedMediaType(wrong.name)}, got ${wrong.mediaType.slice(0, 80)}`,
    };
  }
  return config;
}

function parseJson(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Type of a feed's layer. */
export function feedMediaType(name: string): string {
  if (name === feedNames.kev) return 'application/vnd.pratique.advisories.kev.v1+json';
  if (name === feedNames.epss) return 'application/vnd.pratique.advisories.epss.v1+csv';
  return 'application/vnd.pratique.advisories.osv.v1+zip';
}

/** Where a feed's layer is in a mirror; clients such as oras write it there (`org.opencontainers.image.title`). */
export function feedFile(name: string): string {
  if (name === feedNames.kev) return 'known_exploited_vulnerabilities.json';
  if (name === feedNames.epss) return 'epss_scores.csv';
  return `${name}/all.zip`;
}
