import { isRegistryAddress, parseRegistryAddress } from '../../advisories/bundles/registry-address.ts';
import type { RegistryCredentials } from '../../advisories/bundles/registry-connection.ts';
import type { AdvisoryOrigin } from '../../advisories/feed-status.ts';
import { Secret } from './secret.ts';
import { SettingError } from './setting-error.ts';
import { type Setting, settings } from './settings.ts';

/** What the settings say of bundles of advisories. */
export interface BundleSettings {
  /** What advisories are taken from instead of mirrors: an address, or `file:` and an absolute path; `manual`: nothing is fetched. */
  readonly advisoryBundle?: string;
  /** Public keys of bundles, as `parsePublicKey()` takes them. */
  readonly advisoryKeys: readonly string[];
  /** For the registry of a bundle. */
  readonly advisoryCredentials?: { readonly user: string; readonly password: Secret };
}

interface GivenSettings {
  readonly bundle: string | undefined;
  readonly keys: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Makes the path of a `file:` absolute. */
  readonly absolute: (source: string) => string;
}

/** Throws `SettingError` for a bundle that nobody is trusted for, and for a user without a password or the other way round. */
export function readBundleSettings({
  bundle,
  keys,
  user,
  password,
  absolute,
}: GivenSettings): BundleSettings {
  if ((user === undefined) !== (password === undefined)) {
    throw missingSetting(user === undefined ? settings.advisoryUser : settings.advisoryPassword);
  }
  if (bundle !== undefined && bundle !== 'manual') {
    refuseBadAddress(bundle);
    if (keys.length === 0) throw missingSetting(settings.advisoryKeys);
  }
  return {
    ...(bundle === undefined ? {} : { advisoryBundle: absolute(bundle) }),
    advisoryKeys: keys,
    ...(user === undefined || password === undefined
      ? {}
      : { advisoryCredentials: { user, password: new Secret(password) } }),
  };
}

function refuseBadAddress(bundle: string): void {
  if (!isRegistryAddress(bundle)) return;
  try {
    parseRegistryAddress(bundle);
  } catch {
    const { variable, must } = settings.advisoryBundle;
    throw new SettingError(`Cannot use the setting "${variable}": it must be ${must}, got "${bundle}"`);
  }
}

export function advisoryOriginOf({ advisoryBundle }: BundleSettings): AdvisoryOrigin {
  if (advisoryBundle === undefined) return 'mirrors';
  return advisoryBundle === 'manual' ? 'by-hand' : 'bundle';
}

export function missingSetting({ variable, must }: Pick<Setting, 'variable' | 'must'>): SettingError {
  return new SettingError(`Cannot use the setting "${variable}": it must be ${must}, got none`);
}

/** The credentials as text; they are for the registry of a bundle. */
export function advisoryCredentials(
  config: Pick<BundleSettings, 'advisoryCredentials'>,
): RegistryCredentials | undefined {
  const given = config.advisoryCredentials;
  return given === undefined ? undefined : { user: given.user, password: given.password.reveal() };
}
