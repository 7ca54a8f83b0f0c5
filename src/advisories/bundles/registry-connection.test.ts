import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openBundle } from './bundle.ts';
import { openBundleInRegistry } from './bundle-registry.ts';
import { parseRegistryAddress } from './registry-address.ts';
import { RegistryConnection } from './registry-connection.ts';

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

/** Another origin: what it is sent is recorded. */
async function elsewhere() {
  const seen: string[] = [];
  const host = await serve((request, response) => {
    seen.push(`${request.method} ${JSON.stringify(request.headers)} ${request.url}`);
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"token":"t"}');
  });
  return { host, seen };
}

const bearer = (realm: string) => ({ 'www-authenticate': `Bearer realm="${realm}",service="s"` });
const basic = { 'www-authenticate': 'Basic realm="x"' };

// Each answers what asks with credentials; without any it asks for them.
const malicious: readonly [string, Record<string, string>, (other: string) => RequestListener][] = [
  ['redirects a read', basic, (other) => redirectTo(`http://${other}/there`)],
  [
    'redirects a write',
    basic,
    (other) => (request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else redirectTo(`http://${other}/there`)(request, response);
    },
  ],
  [
    'gives an upload a location elsewhere',
    basic,
    (other) => (request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else response.writeHead(202, { location: `http://${other}/upload` }).end();
    },
  ],
  ['names another scheme', basic, () => redirectTo('file:///etc/passwd')],
  ['redirects for ever', basic, () => redirectTo('/again')],
];

function redirectTo(location: string): RequestListener {
  return (_, response) => response.writeHead(307, { location }).end();
}

const credentials = { user: 'u', password: 'p4ssw0rd' };

it.each(malicious)(
  'a registry that %s gets no credentials to elsewhere (threats.md B3)',
  async (_, challenge, answer) => {
    const other = await elsewhere();
    const host = await serve((request, response) => {
      if (request.headers.authorization === undefined) response.writeHead(401, challenge).end();
      else answer(other.host)(request, response);
    });
    const address = parseRegistryAddress(`oci://${host}/a/b`);
    await using connection = new RegistryConnection({ address, credentials, actions: 'pull,push', signal });
    const asked = async () => {
      for (const method of ['GET', 'HEAD', 'POST'] as const) {
        const { headers, statusCode } = await connection.send({ method, target: '/v2/a/b/blobs/x' });
        if (statusCode === 202 && headers.location !== undefined)
          await connection.send({ method: 'PUT', target: headers.location });
      }
    };
    await asked().catch((error: Error) => expect(error.message).toContain('Cannot use the registry'));
    expect(other.seen.join()).not.toMatch(/authorization|p4ssw0rd|cDRzc3cwcmQ/i);
  },
);

it('a registry whose token service is elsewhere gets neither password nor token from us (threats.md B3)', async () => {
  const other = await elsewhere();
  const { port } = new URL(`http://${other.host}`);
  for (const realm of [
    `http://${other.host}/token`,
    `http://localhost:${port}/token`,
    'ftp://127.0.0.1/',
    '',
  ]) {
    const host = await serve((_, response) => response.writeHead(401, bearer(realm)).end());
    const address = parseRegistryAddress(`oci://${host}/a/b`);
    await using source = openBundleInRegistry({ address, credentials, signal });
    await expect(openBundle(source)).rejects.toThrow('Cannot use the registry');
  }
  expect(other.seen).toEqual([]);
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
