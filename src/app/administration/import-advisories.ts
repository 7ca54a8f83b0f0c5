import { recordEvent } from '../../accounts/events.ts';
import { parsePublicKey } from '../../advisories/bundles/bundle-keys.ts';
import {
  type ImportBundleOptions,
  type ImportedBundle,
  importBundle,
} from '../../advisories/bundles/import-bundle.ts';
import { systemClock } from '../clock.ts';
import type { Installation } from '../installation.ts';
import { type BundlePlace, openBundlePlace } from './advisory-bundles.ts';
import { followChanges } from './update-advisories.ts';

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
