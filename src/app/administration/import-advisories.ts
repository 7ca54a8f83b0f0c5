import { recordEvent } from '../../accounts/events.ts';
import { BundleRefusedError, BundleUnreachableError } from '../../advisories/bundles/bundle-error.ts';
import { parsePublicKey } from '../../advisories/bundles/bundle-keys.ts';
import {
  type ImportBundleOptions,
  type ImportedBundle,
  importBundle,
} from '../../advisories/bundles/import-bundle.ts';
import { noteFailedUpdate } from '../../advisories/feeds/note-attempt.ts';
import type { SyncOptions } from '../../advisories/feeds/sync-advisories.ts';
import type { SyncResult } from '../../advisories/feeds/sync-result.ts';
import { systemClock } from '../clock.ts';
import type { Installation } from '../installation.ts';
import { advisoryCredentials } from '../settings/read-bundle-settings.ts';
import { type BundlePlace, openBundlePlace } from './advisory-bundles.ts';
import { followChanges, updateAdvisories } from './update-advisories.ts';

export interface ImportAdvisoriesOptions
  extends BundlePlace,
    Pick<ImportBundleOptions, 'onProgress' | 'onWaiting'> {
  /** Public keys beside those of the settings. */
  readonly keys: readonly string[];
  readonly allowUnsigned: boolean;
  readonly force: boolean;
  /** Whom the event names. */
  readonly actor: string;
}

/** Verifies a bundle, takes it over, and judges again what it changes. The event says what was forced. Throws what `importBundle()` throws. */
export async function importAdvisories(
  { connection, config }: Pick<Installation, 'connection' | 'config'>,
  options: ImportAdvisoriesOptions,
): Promise<ImportedBundle> {
  const { allowUnsigned, force, actor, signal, onProgress, onWaiting } = options;
  const trusted = [...config.advisoryKeys, ...options.keys].map(parsePublicKey);
  await using source = await openBundlePlace(options);
  return await importBundle({
    connection,
    source,
    trusted,
    allowUnsigned,
    force,
    signal,
    now: systemClock,
    follow: followChanges(connection, signal),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onWaiting === undefined ? {} : { onWaiting }),
    onAccepted: async (transaction, { version, digest, keyId, createdAt }) => {
      const details = { digest, createdAt, signedBy: keyId ?? null, forced: force, source: source.name };
      await recordEvent(transaction, {
        kind: 'advisories.imported',
        actor,
        subject: `bundle ${version}`,
        details,
      });
    },
  });
}

export type BringAdvisoriesOptions = Pick<SyncOptions, 'signal' | 'full' | 'force' | 'onProgress' | 'only'>;

/**
 * Brings the advisories up to date from where the settings say: mirrors, the bundle that is followed, or nowhere. A bundle that
 * cannot be used is a failed attempt of every feed. Throws only when the database fails or the signal aborts.
 */
export async function bringAdvisories(
  installation: Pick<Installation, 'connection' | 'config'>,
  options: BringAdvisoriesOptions,
): Promise<SyncResult> {
  const { connection, config } = installation;
  const { advisoryBundle: place } = config;
  if (place === undefined) {
    return await updateAdvisories({ connection, sources: config.advisorySources, ...options });
  }
  // Asks nobody, and follows up what an interrupted import left.
  const followUp = () => updateAdvisories({ connection, sources: { roots: [] }, ...options });
  if (place === 'manual') return await followUp();
  const beganAt = systemClock();
  const { signal = new AbortController().signal, force = false, onProgress } = options;
  try {
    const imported = await importAdvisories(installation, {
      place,
      credentials: advisoryCredentials(config),
      keys: [],
      allowUnsigned: false,
      force,
      actor: 'system',
      signal,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    return imported.kind === 'unchanged' ? await followUp() : imported.result;
  } catch (error) {
    signal.throwIfAborted();
    const isUnreachable = error instanceof BundleUnreachableError;
    if (!isUnreachable && !(error instanceof BundleRefusedError)) throw error;
    const failure = { beganAt, at: systemClock(), error: error.message, isUnreachable };
    const feeds = await noteFailedUpdate(connection, failure);
    return { alreadyRunning: false, feeds, changedAdvisoryIds: [], changedCves: [], changedPackages: [] };
  }
}
