import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../src/testing/free-port.ts';
import { RegistryClient, testImage } from '../src/testing/registry-client.ts';
import { ApiClient } from './api-client.ts';
import { digestOf } from './kill-harness.ts';
import { authorizationOf } from './replica-pair.ts';
import { adminPassword, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

const nginxProgram = '/usr/sbin/nginx';
if (!existsSync(nginxProgram) && process.env['CI'] === 'true')
  throw new Error('Cannot run in CI without nginx: .ci/run must install it');

const image = testImage('behind a cache');
const layer = image.blobs[1] ?? Buffer.of();
const paths = [
  `/v2/team/app/manifests/v1`,
  `/v2/team/app/manifests/${image.digest}`,
  `/v2/team/app/blobs/${digestOf(layer)}`,
];
const blockPending = {
  mode: 'enforce',
  states: { pending: 'block', failed: 'block', unsupported: 'block', incomplete: 'block' },
};

describe.skipIf(!existsSync(nginxProgram))('behind an nginx that keeps every 200 for an hour', () => {
  let server: ServerProcess;
  let nginx: ChildProcess;
  let plain: Server;
  let folder: string;
  let api: ApiClient;
  let proxied: RegistryClient;
  let anonymous: RegistryClient;

  beforeAll(async () => {
    server = await startServerProcess({ environment: { PRATIQUE_ADVISORIES: 'file:/nonexistent' } });
    folder = mkdtempSync(join(tmpdir(), 'pratique-cache-'));
    plain = createServer((_, answer) => answer.end('plain')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const port = await startCache((plain.address() as AddressInfo).port); // it listens on TCP
    const url = `http://127.0.0.1:${port}`;
    proxied = new RegistryClient(url, authorizationOf('admin', adminPassword));
    api = new ApiClient(server.url);
    await api.call('POST', '/namespaces', { name: 'team', autoScan: false, public: true });
    expect((await proxied.pushImage('team/app', 'v1', image)).status).toBe(201);
    const nobody = await new RegistryClient(url, {}).send('/token?scope=repository:team/app:pull');
    anonymous = new RegistryClient(url, {
      authorization: `Bearer ${JSON.parse(nobody.bytes.toString()).token}`,
    });
  });
  afterAll(async () => {
    nginx?.kill('SIGTERM');
    if (nginx?.exitCode === null) await once(nginx, 'exit');
    plain?.close();
    await server?.stop();
    server?.clean();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startCache(plainPort: number): Promise<number> {
    const port = await freePort();
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    writeFileSync(
      join(folder, 'nginx.conf'),
      `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
http { access_log off; ${temp.join(' ')}
  proxy_cache_path ${folder}/cache keys_zone=kept:1m; proxy_cache kept; proxy_cache_valid 200 1h;
  add_header x-cache $upstream_cache_status always; client_max_body_size 0;
  server { listen 127.0.0.1:${port};
    location /plain { proxy_pass http://127.0.0.1:${plainPort}; }
    location / { proxy_pass ${server.url}; proxy_set_header Host $http_host; } } }`,
    );
    nginx = spawn(nginxProgram, ['-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`], {
      stdio: 'ignore',
    });
    await waitUntil('nginx answers', () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    return port;
  }

  it('which serves again what says nothing of caching', async () => {
    const states = [await anonymous.send('/plain'), await anonymous.send('/plain')];
    expect(states.map(({ headers }) => headers.get('x-cache'))).toEqual(['MISS', 'HIT']);
  });

  it('everything is asked for anew, and a policy acts on the next pull (threats.md C13, P22)', async () => {
    for (const path of [...paths, ...paths]) {
      const answer = await anonymous.send(path);
      expect([path, answer.status, answer.headers.get('x-cache')]).toEqual([path, 200, 'MISS']);
    }
    const etag = (await anonymous.send(paths[1] ?? '')).headers.get('etag') ?? `"${image.digest}"`;
    await api.call('PATCH', '/namespaces/team', { policy: blockPending });
    for (const client of [anonymous, proxied]) {
      for (const path of paths) {
        expect([path, (await client.send(path)).status]).toEqual([path, 403]);
        const conditional = await client.send(path, { headers: { 'if-none-match': etag } });
        expect([path, conditional.status]).toEqual([path, 403]);
      }
    }
    await api.call('PATCH', '/namespaces/team', { policy: { mode: 'off' } });
    // Nor is a refusal kept.
    for (const path of paths) expect([path, (await anonymous.send(path)).status]).toEqual([path, 200]);
  });

  it('what one may pull, nobody else gets, nor who lost the right (threats.md C13)', async () => {
    for (const path of paths) expect((await proxied.send(path)).status).toBe(200);
    await api.call('PATCH', '/namespaces/team', { public: false });
    for (const path of paths) {
      expect([path, (await anonymous.send(path)).status]).toEqual([path, 401]);
      const other = await anonymous.send(path, { headers: authorizationOf('admin', 'not the password') });
      expect([path, other.status]).toEqual([path, 401]);
      expect([path, (await proxied.send(path)).status]).toEqual([path, 200]);
    }
  });
});
