import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openBundle } from './bundle.ts';
import { openBundleInRegistry } from './bundle-registry.ts';
import { parseRegistryAddress } from './registry-address.ts';

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

it('a registry that is a page, is silent, breaks off, has gone or gives another manifest is told of', async () => {
  const page = await serve((_, response) => response.end('<html>'));
  const silent = await serve(() => {});
  const cut = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '99' }).write('{');
    setImmediate(() => response.destroy());
  });
  const problemOf = async (host: string, reference = '') => {
    await using source = openBundleInRegistry({
      address: parseRegistryAddress(`oci://${host}/a/b${reference}`),
      signal,
      idleMs: 50,
    });
    return await openBundle(source).catch((error: Error) => error.message);
  };
  expect(await problemOf(page)).toMatch(/its manifest must/);
  expect(await problemOf(page, `@sha256:${'0'.repeat(64)}`)).toMatch(/must hash to sha256:0+, got sha256:/);
  expect(await problemOf(cut)).toMatch(/must answer, got aborted/);
  expect(await problemOf(silent)).toMatch(/got it was silent for 0.05 s/);
  expect(await problemOf('127.0.0.1:1')).toMatch(/must answer at http:\/\/127.0.0.1:1, got .*ECONNREFUSED/);
});
