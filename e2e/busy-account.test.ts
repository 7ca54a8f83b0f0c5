import { type ClientRequest, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Uploads whose bodies do not end. */
const held = new Set<ClientRequest>();

/** One more, from one of the addresses; it is gone when it is answered: the request before it may have counted still. */
async function holdUpload(): Promise<void> {
  const headers = authorizationOf('busy', userPassword);
  const opened = await fetch(`${server.url}/v2/team/app/blobs/uploads/`, {
    method: 'POST',
    headers: { ...headers, connection: 'close' },
  });
  await opened.arrayBuffer();
  const location = new URL(opened.headers.get('location') ?? '', server.url);
  const localAddress = addresses[held.size % addresses.length] ?? '';
  const upload = request(location, {
    method: 'PATCH',
    localAddress,
    agent: false,
    headers: { ...headers, 'content-length': 1_000_000 },
  });
  upload.on('error', () => {}); // it is cut at the end
  upload.on('response', () => {
    held.delete(upload);
    upload.destroy();
  });
  upload.write('x');
  held.add(upload);
}

/** Not only for the moment in which a request that was answered still counts. */
async function isBusy(): Promise<boolean> {
  while (held.size < requestsMax) await holdUpload();
  for (let time = 0; time < 3; time += 1) {
    await sleep(100);
    if ((await ask('busy', '/v2/'))[0] !== 429) return false;
  }
  return held.size === requestsMax;
}

it('an account has so many requests under way, from however many addresses, and others go on (threats.md E8)', async () => {
  await waitUntil('the account is busy', isBusy);
  expect(await ask('busy', '/v2/')).toEqual([429, 'TOOMANYREQUESTS', '1']);
  expect(await ask('busy', '/api/v1/namespaces')).toEqual([429, 'too-many-requests', '1']);
  expect(await ask('calm', '/v2/')).toEqual([200, undefined, null]);
  expect(await ask('calm', '/api/v1/namespaces')).toEqual([200, undefined, null]);
  const [first] = held;
  first?.destroy();
  await waitUntil('there is room again', async () => (await ask('busy', '/v2/'))[0] === 200);
  for (const one of held) one.destroy();
});
