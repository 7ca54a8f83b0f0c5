import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Descriptor } from '../../oci/manifest.ts';
import { feedNames, isEcosystemFeed } from '../feed-names.ts';
import { namedSource, type Source } from '../feeds/source.ts';
import type { SyncSources } from '../feeds/sync-sources.ts';
import { type Bundle, blobBytes } from './bundle.ts';
import { feedFile } from './bundle-config.ts';
import { BundleUnreachableError } from './bundle-error.ts';

/** Writes a bundle's layers into a folder that is laid out like a mirror, and checks every byte. Throws `BundleRefusedError`. */
export async function unpackLayers(
  bundle: Bundle,
  folder: string,
  options: {
    readonly signal?: AbortSignal;
    /** Feeds that are held as these bytes already: their layers are not even fetched. */
    readonly except: ReadonlySet<string>;
  },
): Promise<void> {
  const { config, manifest, source } = bundle;
  for (const [index, { name }] of config.feeds.entries()) {
    const layer: Descriptor | undefined = manifest.layers[index];
    if (layer === undefined) throw new TypeError('a checked bundle must have a layer for each feed');
    options.signal?.throwIfAborted();
    if (options.except.has(name)) continue;
    const path = join(folder, feedFile(name));
    await mkdir(dirname(path), { recursive: true });
    await writeLayer(blobBytes(source, layer), path);
  }
  const ecosystems = config.feeds.map(({ name }) => name).filter(isEcosystemFeed);
  await writeFile(join(folder, feedNames.ecosystems), `${ecosystems.join('\n')}\n`);
}

async function writeLayer(bytes: AsyncIterable<Buffer>, path: string): Promise<void> {
  try {
    await pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new BundleUnreachableError(`Cannot unpack the bundle into "${path}": ${error.message}`, {
      cause: error,
    });
  }
}

/** The folder as the sources of a synchronisation, called by the bundle's name. */
export function unpackedSources({ config, source }: Bundle, folder: string): SyncSources<Source> {
  const has = (name: string) => config.feeds.some((feed) => feed.name === name);
  const single = (name: string) =>
    namedSource(join(folder, feedFile(name)), `${source.name}/${feedFile(name)}`);
  return {
    roots: [namedSource(folder, source.name)],
    ...(has(feedNames.kev) ? { kev: single(feedNames.kev) } : {}),
    ...(has(feedNames.epss) ? { epss: single(feedNames.epss) } : {}),
  };
}
