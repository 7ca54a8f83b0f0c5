import { type ClientRequest, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiClient } from './api-client.ts';
import { authorizationOf } from './replica-pair.ts';
import { adminPassword, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

const requestsMax = 6;
const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];

let server: ServerProcess;
const userPassword = 'a long password of somebody';
beforeAll(async () => {
  server = await startServerProcess({
    environment: {
      PRATIQUE_ADVISORIES: 'file:/nonexistent',
      PRATIQUE_CLIENT_CONNECTIONS: String(requestsMax),
    },
  });
  const api = new ApiClient(server.url);
  await api.call('POST', '/namespaces', { name: 'team', autoScan: false });
  for (const name of ['busy', 'calm']) {
    await api.call('POST', '/users', { name, password: userPassword });
    await api.call('PUT', `/namespaces/team/members/${name}`, { role: 'developer' });
  }
});
afterAll(async () => {
  await server.stop();
  server.clean();
});

/** Status, code and Retry-After of an answer. */
async function ask(name: string, path: string): Promise<readonly unknown[]> {
  const password = name === 'admin' ? adminPassword : userPassword;
  const headers = { ...authorizationOf(name, password), connection: 'close' };
  const answer = await fetch(`${server.url}${path}`, { headers });
  const text = await answer.text();
  return [answer.status, /"code":"([^"]+)"/.exec(text)?.[1], answer.headers.get('retry-after')];
}

/** An upload whose body does not end, from one of the addresses. */
async function holdUpload(number: number): Promise<ClientRequest> {
  const headers = authorizationOf('busy', userPassword);
  const opened = await fetch(`${server.url}/v2/team/app/blobs/uploads/`, {
    method: 'POST',
    headers: { ...headers, connection: 'close' },
  });
  await opened.arrayBuffer();
  const location = new URL(opened.headers.get('location') ?? '', server.url);
  const localAddress = addresses[number % addresses.length] ?? '';
  const held = request(location, {
    method: 'PATCH',
    localAddress,
    agent: false,
    headers: { ...headers, 'content-length': 1_000_000 },
  });
  held.on('error', () => {}); // it is cut at the end
  held.write('x');
  return held;
}

it('an account has so many requests under way, from however many addresses, and others go on (threats.md E8)', async () => {
  const held: ClientRequest[] = [];
  for (let number = 0; number < requestsMax; number += 1) held.push(await holdUpload(number));
  await waitUntil('the account is busy', async () => (await ask('busy', '/v2/'))[0] === 429);
  expect(await ask('busy', '/v2/')).toEqual([429, 'TOOMANYREQUESTS', '1']);
  expect(await ask('busy', '/api/v1/namespaces')).toEqual([429, 'too-many-requests', '1']);
  expect(await ask('calm', '/v2/')).toEqual([200, undefined, null]);
  expect(await ask('calm', '/api/v1/namespaces')).toEqual([200, undefined, null]);
  held[0]?.destroy();
  await waitUntil('there is room again', async () => (await ask('busy', '/v2/'))[0] === 200);
  for (const one of held) one.destroy();
});
