import { expect, it } from 'vitest';
import { useBundleHarness } from '../../testing/bundle-harness.ts';
import { serveRegistry } from '../../testing/serve-registry.ts';
import { openBundle } from './bundle.ts';
import { openBundleFile } from './bundle-file.ts';
import { openBundleInRegistry, pushBundle } from './bundle-registry.ts';
import { parseRegistryAddress } from './registry-address.ts';

const harness = useBundleHarness();
const signal = new AbortController().signal;

it('a bundle goes through a registry as it is: pushed with a token, imported from there', async () => {
  await harness.fill();
  await using file = await openBundleFile(await harness.exported('pushed'));
  const bundle = await openBundle(file);
  const registry = await serveRegistry(harness.target);
  try {
    await registry.addNamespace('feeds', { members: { ann: 'developer', bob: 'guest' } });
    const address = parseRegistryAddress(`oci://${registry.host}/feeds/advisories:latest`);
    const push = (user: string, password = user) =>
      pushBundle(bundle, { address, credentials: { user, password }, signal });
    await expect(pushBundle(bundle, { address, signal })).rejects.toThrow(/it must let us in, got 401/);
    await expect(push('ann', 'wrong')).rejects.toThrow(/must let the user in, got 401/);
    await expect(push('bob')).rejects.toThrow(/got (401|403) "/);
    await push('ann');
    await push('ann'); // finds everything there
    const source = openBundleInRegistry({ address, credentials: { user: 'bob', password: 'bob' }, signal });
    expect((await openBundle(source)).manifestBytes.equals(bundle.manifestBytes)).toBe(true);
    const { result } = await harness.imported(source);
    expect(result.feeds.map(({ kind }) => kind)).toEqual(Array(5).fill('updated'));
    const missing = openBundleInRegistry({
      address: { ...address, reference: 'v9' },
      credentials: { user: 'bob', password: 'bob' },
      signal,
    });
    await expect(openBundle(missing)).rejects.toThrow(
      /it must give manifests\/v9, got 404 "MANIFEST_UNKNOWN/,
    );
  } finally {
    await registry.close();
  }
});
