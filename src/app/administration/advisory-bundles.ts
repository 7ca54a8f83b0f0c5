import type { KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bundle, type BundleSource, openBundle } from '../../advisories/bundles/bundle.ts';
import { BundleInputError } from '../../advisories/bundles/bundle-error.ts';
import { openBundleFile, writeBundleFile } from '../../advisories/bundles/bundle-file.ts';
import { bundleFolder } from '../../advisories/bundles/bundle-folder.ts';
import { makeBundleKeys, parsePrivateKey } from '../../advisories/bundles/bundle-keys.ts';
import { openBundleInRegistry, pushBundle } from '../../advisories/bundles/bundle-registry.ts';
import { makeBundle } from '../../advisories/bundles/make-bundle.ts';
import { isRegistryAddress, parseRegistryAddress } from '../../advisories/bundles/registry-address.ts';
import type { RegistryCredentials } from '../../advisories/bundles/registry-connection.ts';
import type { Installation } from '../installation.ts';
import type { Config } from '../settings/config.ts';
import { advisoryCredentials } from '../settings/read-bundle-settings.ts';

/** A file, or `oci://…`; with what to sign in there. */
export interface BundlePlace {
  readonly place: string;
  readonly credentials?: RegistryCredentials | undefined;
  readonly signal: AbortSignal;
}

/** What people are told of a bundle. */
export interface BundleSummary {
  readonly version: number;
  readonly createdAt: Date;
  readonly recordCount: number;
  readonly feedCount: number;
  readonly sizeBytes: number;
}

/** Makes a pair of keys, the private one in a file that only its owner reads, and returns the public one. Throws when the file is there. */
export async function makeKeyFile(path: string): Promise<string> {
  const { privatePem, publicText } = makeBundleKeys();
  await writeFile(path, privatePem, { mode: 0o600, flag: 'wx' }).catch((error: Error) => {
    throw new BundleInputError(`Cannot write the private key "${path}": ${error.message}`, { cause: error });
  });
  return publicText;
}

async function readKeyFile(path: string): Promise<KeyObject> {
  const pem = await readFile(path, 'utf8').catch((error: Error) => {
    throw new BundleInputError(`Cannot read the private key "${path}": ${error.message}`, { cause: error });
  });
  return parsePrivateKey(pem);
}

/** Opens the bundle of a file (a path, or `file:…`) or of a registry; nothing of it is checked. */
export async function openBundlePlace({ place, credentials, signal }: BundlePlace): Promise<BundleSource> {
  if (!isRegistryAddress(place)) return await openBundleFile(pathOf(place));
  return openBundleInRegistry({ address: parseRegistryAddress(place), credentials, signal });
}

/** What the settings have for a place; what is for the registry of the bundle that is followed goes to no other. */
export function credentialsFor(config: Config, place: string): RegistryCredentials | undefined {
  const { advisoryBundle: followed = '' } = config;
  if (isRegistryAddress(followed) && isRegistryAddress(place)) {
    if (parseRegistryAddress(followed).origin !== parseRegistryAddress(place).origin) return undefined;
  }
  return advisoryCredentials(config);
}

async function saveBundle(bundle: Bundle, { place, credentials, signal }: BundlePlace): Promise<void> {
  if (!isRegistryAddress(place)) return await writeBundleFile(bundle, pathOf(place));
  await pushBundle(bundle, { address: parseRegistryAddress(place), credentials, signal });
}

function pathOf(place: string): string {
  if (!place.startsWith('file:')) return resolve(place);
  return place.startsWith('file:/') ? fileURLToPath(new URL(place)) : resolve(place.slice('file:'.length));
}

/** Makes a bundle of what is held, signs it with the keys of these files, and writes it to a file or pushes it. */
export async function exportAdvisories(
  installation: Pick<Installation, 'connection'>,
  options: BundlePlace & { readonly keyFiles: readonly string[]; readonly onFeed: (feed: string) => void },
): Promise<BundleSummary> {
  const keys = await Promise.all(options.keyFiles.map(readKeyFile));
  await using folder = await bundleFolder();
  const { connection } = installation;
  const { signal, onFeed } = options;
  const bundle = await makeBundle({ connection, folder: folder.path, keys, signal, onFeed });
  await saveBundle(bundle, options);
  return summaryOf(bundle);
}

/**
 * Carries a bundle from a registry to a file or the other way round; its digests are checked, its signature goes along. Not
 * between two registries, as what signs in at one is no business of the other.
 */
export async function copyBundle(options: {
  readonly from: BundlePlace;
  readonly to: BundlePlace;
}): Promise<BundleSummary> {
  if ([options.from, options.to].every(({ place }) => isRegistryAddress(place))) {
    throw new BundleInputError('Cannot copy from a registry to a registry: one of the two must be a file');
  }
  await using source = await openBundlePlace(options.from);
  const bundle = await openBundle(source);
  await saveBundle(bundle, options.to);
  return summaryOf(bundle);
}

function summaryOf({ config }: Bundle): BundleSummary {
  return {
    version: config.version,
    createdAt: new Date(config.createdAt),
    feedCount: config.feeds.length,
    recordCount: config.feeds.reduce((sum, feed) => sum + feed.recordCount, 0),
    sizeBytes: config.feeds.reduce((sum, feed) => sum + feed.size, 0),
  };
}
