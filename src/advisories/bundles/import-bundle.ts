import { setTimeout as delay } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import {
  type AcceptedBundle,
  addBundle,
  finishBundle,
  lastBundle,
  lockLastBundle,
} from '../bundle-history.ts';
import { feedNames } from '../feed-names.ts';
import { noteUnchanged } from '../feeds/note-attempt.ts';
import { feedsHeldAs } from '../feeds/same-copy.ts';
import { type SyncOptions, syncAdvisories } from '../feeds/sync-advisories.ts';
import type { SyncResult } from '../feeds/sync-result.ts';
import { unpackedSources, unpackLayers } from './_unpack-layers.ts';
import { type Bundle, type BundleSource, openBundle } from './bundle.ts';
import { BundleRefusedError } from './bundle-error.ts';
import { bundleFolder } from './bundle-folder.ts';
import type { PublicKey } from './bundle-keys.ts';
import { findSignature } from './bundle-signature.ts';

export interface ImportBundleOptions
  extends Pick<SyncOptions, 'connection' | 'now' | 'signal' | 'onProgress' | 'follow' | 'reading'> {
  readonly source: BundleSource;
  readonly trusted: readonly PublicKey[];
  /** Take a bundle that nobody whom we trust has signed. */
  readonly allowUnsigned: boolean;
  /** Take an older bundle, one that is dated ahead, and feeds that are older or much smaller than what is held. */
  readonly force: boolean;
  /** Called once when a synchronisation runs, for which the import waits up to ten minutes. */
  readonly onWaiting?: () => void;
  /** Called in the transaction that accepts the bundle, so that an event exists exactly when it is accepted. */
  readonly onAccepted?: (
    transaction: Transaction<Tables>,
    bundle: Omit<AcceptedBundle, 'id'>,
  ) => Promise<void>;
}

export interface ImportedBundle {
  readonly kind: 'imported' | 'unchanged';
  readonly version: number;
  readonly createdAt: Date;
  /** Whose signature counted; absent: nobody's. */
  readonly keyId?: string;
  /** Empty when the bundle is the one that is held. */
  readonly result: SyncResult;
}

/**
 * Verifies a bundle, all of which it does not hold yet, then takes its feeds over as a synchronisation with a mirror does:
 * each by itself, each guarded, each with the age that it had when the bundle was made. Feeds that the last bundle had
 * byte for byte the same are confirmed and not read. A synchronisation that runs is waited for, and none begins meanwhile; where it does
 * not end, nothing is done, and the result says so. Throws `BundleRefusedError` before anything is changed,
 * `BundleUnreachableError`, and what `syncAdvisories()` throws.
 */
export async function importBundle(options: ImportBundleOptions): Promise<ImportedBundle> {
  const bundle = await openBundle(options.source);
  const keyId = checkSignature(bundle, options);
  refuseAhead(bundle, options);
  const { version, createdAt } = bundle.config;
  const said = { version, createdAt: new Date(createdAt), ...(keyId === undefined ? {} : { keyId }) };
  const held = await lastBundle(options.connection.db);
  refuseOlder(bundle, held, options);
  if (held?.digest === bundle.manifest.config.digest && held.importedAt !== undefined && !options.force) {
    const names = [feedNames.ecosystems, ...bundle.config.feeds.map(({ name }) => name)];
    await noteUnchanged(options.connection, { names, at: options.now() });
    return { kind: 'unchanged', ...said, result: nothingDone };
  }
  await using folder = await bundleFolder();
  let id: number | undefined;
  const prepare = async (): Promise<void> => {
    const same = options.force
      ? new Set<string>()
      : await feedsHeldAs(options.connection.pool, bundle.config.feeds);
    await unpackLayers(bundle, folder.path, { ...options, except: same });
    id = await accept(bundle, keyId, options);
  };
  const result = await syncFeeds(bundle, { ...options, folder: folder.path, prepare });
  const isWhole = result.feeds.every(({ kind }) => kind !== 'failed');
  if (id !== undefined && isWhole) await finishBundle(options.connection.db, { id, at: options.now() });
  return { kind: 'imported', ...said, result };
}

const nothingDone: SyncResult = {
  alreadyRunning: false,
  feeds: [],
  changedAdvisoryIds: [],
  changedCves: [],
  changedPackages: [],
};

const unsignedHint =
  '"--key" or PRATIQUE_ADVISORY_KEYS names whom to trust, "--allow-unsigned" takes it nevertheless';

function checkSignature(bundle: Bundle, options: ImportBundleOptions): string | undefined {
  const { source, configBytes, manifest } = bundle;
  const found = findSignature(configBytes, manifest.annotations ?? {}, options.trusted);
  if (found.kind === 'good') return found.keyId;
  // Who trusts nobody may say so; a signature that is wrong is never taken for none.
  if (options.allowUnsigned && found.kind !== 'wrong') return undefined;
  switch (found.kind) {
    case 'wrong':
      throw new BundleRefusedError(
        source.name,
        `its signature of key ${found.keyId} must be one of its config, got one of something else: it was changed after it was signed`,
      );
    case 'unsigned':
      throw new BundleRefusedError(source.name, `it must be signed, got no signature; ${unsignedHint}`);
    case 'unknown':
      throw new BundleRefusedError(
        source.name,
        `it must be signed by a key that is trusted (${options.trusted.map(({ id }) => id).join(', ') || 'none is'}), got ${found.keyIds.join(', ')}; ${unsignedHint}`,
      );
  }
}

const aheadMsMax = 24 * 3_600_000;

/** Data from the future would look fresh for ever, and no later bundle could beat it. */
function refuseAhead({ source, config }: Bundle, options: ImportBundleOptions): void {
  const newestMs = Math.max(
    config.version,
    Date.parse(config.createdAt),
    ...config.feeds.map(({ confirmedAt }) => Date.parse(confirmedAt)),
  );
  if (options.force || newestMs - options.now().getTime() <= aheadMsMax) return;
  throw new BundleRefusedError(
    source.name,
    `it must not be of the future, got ${new Date(Math.min(newestMs, 8.64e15)).toISOString()}: look at the clocks of this machine and of the one that made it`,
  );
}

/** Refuses what would roll back (threats.md F22), and another bundle of the version that is held. */
function refuseOlder(
  { source, config, manifest }: Bundle,
  held: AcceptedBundle | undefined,
  options: ImportBundleOptions,
): void {
  if (options.force || held === undefined || config.version > held.version) return;
  if (config.version === held.version && manifest.config.digest === held.digest) return;
  const rule =
    config.version === held.version
      ? 'must have another version than the different one that is held'
      : 'must not be older than the one that is held';
  throw new BundleRefusedError(
    source.name,
    `it ${rule} (version ${held.version} of ${dayOf(held.createdAt)}), got version ${config.version} of ${dayOf(new Date(config.createdAt))}; "--force" takes it nevertheless`,
  );
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 16);
}

async function accept(
  bundle: Bundle,
  keyId: string | undefined,
  options: ImportBundleOptions,
): Promise<number> {
  const { config, manifest, source } = bundle;
  const accepted = {
    version: config.version,
    digest: manifest.config.digest,
    createdAt: new Date(config.createdAt),
    ...(keyId === undefined ? {} : { keyId }),
    source: source.name,
    acceptedAt: options.now(),
  };
  return await options.connection.db.transaction().execute(async (transaction) => {
    const last = await lockLastBundle(transaction);
    refuseOlder(bundle, last, options);
    // Goes on with what was begun.
    if (last?.digest === accepted.digest && !options.force) return last.id;
    await options.onAccepted?.(transaction, accepted);
    return await addBundle(transaction, accepted);
  });
}

const pauseMs = 500;
/** An import waits for a synchronisation that runs, such as one that asks mirrors in vain. */
const patienceMs = 10 * 60_000;

interface SyncOfBundle extends ImportBundleOptions {
  /** Where `prepare` unpacks the bundle. */
  readonly folder: string;
  readonly prepare: () => Promise<void>;
}

async function syncFeeds(bundle: Bundle, options: SyncOfBundle): Promise<SyncResult> {
  const { connection, folder, prepare, now, onProgress, follow, reading, force } = options;
  const signal = options.signal ?? new AbortController().signal;
  const confirmedAt = confirmations(bundle, now);
  const digests = new Map(bundle.config.feeds.map(({ name, digest }) => [name, digest]));
  const digestOf = (feed: string) => digests.get(feed);
  const until = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt += 1) {
    const result = await syncAdvisories({
      connection,
      prepare,
      sources: unpackedSources(bundle, folder),
      now,
      confirmedAt,
      ...(force ? {} : { digestOf }),
      full: true,
      force,
      signal,
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(follow === undefined ? {} : { follow }),
      ...(reading === undefined ? {} : { reading }),
    });
    if (!result.alreadyRunning || performance.now() > until) return result;
    if (attempt === 1) options.onWaiting?.();
    await delay(pauseMs, undefined, { signal });
  }
}

/** Of the list of ecosystems, which is no feed of a bundle, the newest of all. */
function confirmations({ config }: Bundle, now: () => Date): (feed: string) => Date {
  const instants = new Map(config.feeds.map(({ name, confirmedAt }) => [name, Date.parse(confirmedAt)]));
  const newestMs = Math.max(...instants.values());
  return (feed) => new Date(Math.min(instants.get(feed) ?? newestMs, now().getTime()));
}
