import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { useBundleHarness } from '../testing/bundle-harness.ts';
import { serveRegistry } from '../testing/serve-registry.ts';
import { openBundle } from './bundle.ts';
import { openBundleFile } from './bundle-file.ts';
import { openBundleInRegistry, pushBundle } from './bundle-registry.ts';
import { parseRegistryAddress } from './registry-address.ts';

const harness = useBundleHarness();
const signal = new AbortController().signal;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
}

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

it('credentials stay with the registry: they do not follow its redirects', async () => {
  const seen: (string | undefined)[] = [];
  const elsewhere = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end('{}');
  });
  const host = await serve((request, response) => {
    seen.push(request.headers.authorization);
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else response.writeHead(307, { location: `http://${elsewhere}/there` }).end();
  });
  const address = parseRegistryAddress(`oci://${host}/a/b`);
  await using source = openBundleInRegistry({ address, credentials: { user: 'u', password: 'p' }, signal });
  await expect(openBundle(source)).rejects.toThrow(`Cannot use the bundle "oci://${host}/a/b": its manifest`);
  expect(seen).toEqual([undefined, 'Basic dTpw', undefined]);
});

it('a registry that is a page, is silent, or has gone is told of', async () => {
  const page = await serve((_, response) => response.end('<html>'));
  const silent = await serve(() => {});
  const problemOf = async (host: string) => {
    await using source = openBundleInRegistry({
      address: parseRegistryAddress(`oci://${host}/a/b`),
      signal,
      idleMs: 50,
    });
    return await openBundle(source).catch((error: Error) => error.message);
  };
  expect(await problemOf(page)).toMatch(/its manifest must/);
  expect(await problemOf(silent)).toMatch(/got it was silent for 0.05 s/);
  expect(await problemOf('127.0.0.1:1')).toMatch(/must answer at http:\/\/127.0.0.1:1, got .*ECONNREFUSED/);
});

it.each([
  ['oci://registry.example.org/team/advisories', 'https://registry.example.org', 'latest'],
  ['oci://registry.example.org:8443/a/b/c:v1', 'https://registry.example.org:8443', 'v1'],
  ['oci+http://registry.example.org/a/b:v1', 'http://registry.example.org', 'v1'],
  ['oci://[::1]:5000/a/b', 'http://[::1]:5000', 'latest'],
  [`oci://localhost/a/b@sha256:${'0'.repeat(64)}`, 'http://localhost', `sha256:${'0'.repeat(64)}`],
])('parseRegistryAddress() reads %s', (text, origin, reference) => {
  expect(parseRegistryAddress(text)).toMatchObject({ text, origin, reference });
});

it.each([
  'oci://',
  'oci://host',
  'oci://host/UPPER',
  'oci://u:p@host/a',
  'oci://host/a:b:c',
  'oci://host/a@sha256:0',
  'https://host/a',
])('parseRegistryAddress() refuses %s', (text) => {
  expect(() => parseRegistryAddress(text)).toThrow('it must be oci://host');
});
