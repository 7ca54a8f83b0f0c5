import { BundleRefusedError, BundleUnreachableError } from '../../advisories/bundles/bundle-error.ts';
import { noteFailedUpdate } from '../../advisories/feeds/note-attempt.ts';
import type { SyncOptions } from '../../advisories/feeds/sync-advisories.ts';
import type { SyncResult } from '../../advisories/feeds/sync-result.ts';
import { systemClock } from '../clock.ts';
import type { Installation } from '../installation.ts';
import { advisoryCredentials } from '../settings/read-bundle-settings.ts';
import { updateAdvisories } from './update-advisories.ts';

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
    const reading = { allow: config.egressAllow };
    return await updateAdvisories({ connection, sources: config.advisorySources, reading, ...options });
  }
  // Asks nobody, and follows up what an interrupted import left.
  const followUp = () => updateAdvisories({ connection, sources: { roots: [] }, ...options });
  if (place === 'manual') return await followUp();
  const beganAt = systemClock();
  const { signal = new AbortController().signal, force = false, onProgress } = options;
  try {
    // Its libraries take as long to load as a small update to follow, and few installations follow a bundle.
    const { importAdvisories } = await import('./import-advisories.ts');
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
