import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as requestHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliProcess, runCli, startCli } from '../src/testing/cli-process.ts';
import { freePort } from '../src/testing/free-port.ts';
import { writeOciLayout } from './oci-layout.ts';
import { makeCa, type SelfMadeCa } from './self-made-ca.ts';
import { adminPassword, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

const run = promisify(execFile);
const programs = ['/usr/sbin/nginx', '/usr/bin/openssl', '/usr/bin/skopeo'];
const missing = programs.filter((program) => !existsSync(program));
if (missing.length > 0 && process.env['CI'] === 'true') {
  throw new Error(
    `Cannot run the tests behind a proxy: ${missing.join(', ')} must be installed when CI=true, got none`,
  );
}
const admin = `admin:${adminPassword}`;
const basic = `Basic ${Buffer.from(admin).toString('base64')}`;

describe.skipIf(missing.length > 0)(`a server and its edge (skipped without ${programs.join(', ')})`, () => {
  let folder: string;
  let ca: SelfMadeCa;
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pratique-edge-'));
    await mkdir(join(folder, 'ca'));
    ca = makeCa(join(folder, 'ca'));
    // Random bytes larger than nginx's default body limit of 1 MiB.
    writeOciLayout(join(folder, 'image'), 'v1', [
      { architecture: 'amd64', layers: [gzipSync(randomBytes(3 * 1024 * 1024))] },
    ]);
  });
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(environment: Record<string, string>): Promise<ServerProcess> {
    const server = await startServerProcess({ environment: { ...offline, ...environment } });
    closers.push(async () => {
      await server.stop();
      server.clean();
    });
    const answer = await fetch(`${server.url}/api/v1/namespaces`, {
      method: 'POST',
      headers: { authorization: basic, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'team', autoScan: false }),
    });
    expect(answer.status).toBe(201);
    return server;
  }

  /** nginx that ends TLS on a port of its own; `extra` goes into its location. */
  async function startNginx(server: ServerProcess, extra: string): Promise<number> {
    const port = await freePort();
    const home = await mkdtemp(join(folder, 'nginx-'));
    const { certificate, key } = ca.sign(`nginx-${port}`);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${home}/${name};`,
    );
    const config = `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; pid ${home}/pid; error_log ${home}/error.log; events {}
http { access_log off; ${temp.join(' ')}
  server { listen 127.0.0.1:${port} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};
    location / { proxy_pass ${server.url}; ${extra} } } }`;
    await writeFile(join(home, 'nginx.conf'), config);
    const nginx: ChildProcess = spawn(
      '/usr/sbin/nginx',
      ['-e', `${home}/error.log`, '-c', `${home}/nginx.conf`],
      {
        stdio: 'ignore',
      },
    );
    closers.push(async () => {
      nginx.kill('SIGTERM');
      if (nginx.exitCode === null) await once(nginx, 'exit');
    });
    await waitUntil('nginx answers', () =>
      askTls(port, '/healthz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    return port;
  }

  async function askTls(port: number, path: string, headers: Record<string, string> = {}) {
    const authority = await readFile(ca.file);
    const request = requestHttps({
      host: 'localhost',
      port,
      path,
      headers,
      ca: authority,
      agent: false,
    }).end();
    const [response] = await once(request, 'response');
    const body = await buffer(response);
    return { status: response.statusCode, headers: response.headers, body: body.toString() };
  }

  async function skopeo(...args: string[]) {
    const env = { HOME: folder, PATH: process.env['PATH'] };
    return await run('/usr/bin/skopeo', ['--insecure-policy', ...args], { env });
  }

  async function pushAndPull(host: string): Promise<void> {
    const authFile = join(folder, `auth-${host}.json`);
    const logIn = [
      'login',
      '--authfile',
      authFile,
      '--cert-dir',
      ca.folder,
      '-u',
      'admin',
      '-p',
      adminPassword,
      host,
    ];
    expect((await skopeo(...logIn)).stdout).toContain('Login Succeeded');
    const image = `docker://${host}/team/app:v1`;
    await skopeo(
      'copy',
      '-q',
      '--dest-authfile',
      authFile,
      '--dest-cert-dir',
      ca.folder,
      `oci:${folder}/image:v1`,
      image,
    );
    const pulled = join(folder, `pulled-${host.replace(':', '-')}`);
    await skopeo(
      'copy',
      '-q',
      '--src-authfile',
      authFile,
      '--src-cert-dir',
      ca.folder,
      image,
      `dir:${pulled}`,
    );
    const index = JSON.parse(await readFile(join(folder, 'image', 'index.json'), 'utf8'));
    const manifest = await readFile(join(pulled, 'manifest.json'));
    expect(manifest.length).toBe(index.manifests[0].size);
  }

  async function doctor(port: number, ...args: string[]) {
    const result = await runCli(
      ['doctor', '--no-local', '--json', '--url', `https://localhost:${port}`, '--ca', ca.file, ...args],
      { environment: {}, input: args.includes('--password-stdin') ? adminPassword : '' },
    );
    const { findings } = JSON.parse(result.output) as {
      findings: { check: string; result: string; message: string; advice?: string }[];
    };
    const failed = findings.filter((finding) => finding.result === 'failed');
    return { code: result.code, findings, failed };
  }

  describe('behind an nginx that ends TLS', () => {
    const standard =
      'proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; client_max_body_size 0;';
    let server: ServerProcess;
    let port: number;
    beforeAll(async () => {
      server = await start({ PRATIQUE_TRUSTED_PROXIES: '127.0.0.1' });
      port = await startNginx(server, standard);
    });

    it('names the address that the client has used', async () => {
      const { headers } = await askTls(port, '/v2/');
      expect(headers['www-authenticate']).toBe(
        `Bearer realm="https://localhost:${port}/token",service="localhost:${port}"`,
      );
      expect(headers['strict-transport-security']).toBeDefined();
      const system = await askTls(port, '/api/v1/system', { authorization: basic });
      expect(JSON.parse(system.body).externalUrl).toBe(`https://localhost:${port}`);
    });

    it('lets skopeo sign in, push and pull', () => pushAndPull(`localhost:${port}`));

    it('does not believe what a client forwards through it', async () => {
      const forged = { forwarded: 'for=6.6.6.6;proto=http;host=evil', 'x-forwarded-for': '6.6.6.6' };
      const { headers } = await askTls(port, '/v2/', forged);
      expect(headers['www-authenticate']).toContain(`realm="https://localhost:${port}/token"`);
    });

    it('is healthy to the doctor, with an upload', async () => {
      const { code, findings, failed } = await doctor(
        port,
        '--user',
        'admin',
        '--password-stdin',
        '--repository',
        'team/probe',
      );
      expect(failed).toEqual([]);
      expect(code).toBe(0);
      expect(findings.find(({ check }) => check === 'upload')?.result).toBe('ok');
    });

    it('shows the doctor a proxy that tells nothing and one that limits bodies', async () => {
      const silent = await doctor(await startNginx(server, ''));
      expect(silent.code).toBe(1);
      expect(silent.failed.map(({ check }) => check)).toEqual(['realm', 'body size']);
      expect(silent.failed[0]?.message).toContain('the realm says http:// while clients use https://');
      expect(silent.failed[0]?.advice).toContain('set PRATIQUE_EXTERNAL_URL');
      expect(silent.failed[1]?.advice).toContain('client_max_body_size');
      const down = await doctor(await freePort());
      expect(down.failed.map(({ check }) => check)).toEqual(['TCP']);
    });

    it('gives metrics to system administrators only', async () => {
      const ask = (headers: Record<string, string>) => fetch(`${server.url}/metrics`, { headers });
      expect((await ask({})).status).toBe(401);
      expect(
        (await ask({ authorization: `Basic ${Buffer.from('admin:wrong').toString('base64')}` })).status,
      ).toBe(401);
      const answer = await ask({ authorization: basic });
      expect(answer.status).toBe(200);
      const shown = await answer.text();
      for (const name of [
        'pratique_http_requests_total{route="manifest",method="PUT",status="201"} 1',
        'pratique_uploads_in_flight 0',
        'pratique_queue_jobs',
        'pratique_scans',
        'pratique_scan_blob_reads_total',
        'pratique_feed_records',
        'pratique_database_connections{state="idle"}',
        'pratique_event_loop_lag_seconds',
        'process_resident_memory_bytes',
      ]) {
        expect(shown).toContain(name);
      }
      for (const line of shown.trimEnd().split('\n')) {
        expect(line).toMatch(
          /^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+)$/,
        );
      }
    });

    it('names who was proven in the log, and no secret', async () => {
      const answer = await fetch(`${server.url}/v2/team/app/tags/list?token=s3cret`, {
        headers: { authorization: basic },
      });
      const record = await recordOf(server, answer.headers.get('x-request-id') ?? '');
      expect(record).toMatchObject({
        principal: 'admin',
        route: 'tags',
        status: 200,
        path: '/v2/team/app/tags/list',
      });
      for (const secret of ['s3cret', adminPassword, basic]) expect(server.output()).not.toContain(secret);
    });
  });

  it('changes nothing for headers of peers that are not trusted (threats.md A13)', async () => {
    const server = await start({ PRATIQUE_METRICS_PUBLIC: 'true' });
    expect((await fetch(`${server.url}/metrics`)).status).toBe(200);
    for (const [method, path] of routes) {
      const ask = async (headers: Record<string, string>) => {
        const answer = await fetch(`${server.url}${path}`, { method, headers, redirect: 'manual' });
        const shown = [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
        const id = answer.headers.get('x-request-id') ?? '-';
        const body = (await answer.text())
          .replaceAll(id, 'ID')
          .replace(/^\{"token":.*"issued_at".*$/, 'a token');
        return { status: answer.status, headers: shown, body };
      };
      expect(await ask(forged), `${method} ${path}`).toEqual(await ask({}));
    }
  });

  describe('with TLS of its own', () => {
    let cli: CliProcess;
    let port: number;
    let files: { certificate: string; key: string };
    beforeAll(async () => {
      port = await freePort();
      files = { certificate: join(folder, 'tls.pem'), key: join(folder, 'tls-key.pem') };
      await install('first');
      cli = startCli(['serve'], {
        environment: {
          ...offline,
          PRATIQUE_DATA: join(folder, 'tls-data'),
          PRATIQUE_LISTEN: `127.0.0.1:${port}`,
          PRATIQUE_ADMIN_PASSWORD: adminPassword,
          PRATIQUE_TLS_CERT: files.certificate,
          PRATIQUE_TLS_KEY: files.key,
        },
      });
      closers.push(async () => {
        cli.child.kill('SIGTERM');
        await cli.ended;
      });
      let isEnded = false;
      void cli.ended.then(() => {
        isEnded = true;
      });
      const isReady = () => cli.output().includes('is ready on https://localhost');
      await waitUntil('the server is ready or ends', async () => isReady() || isEnded);
      expect(isReady(), cli.errors()).toBe(true);
      const create = ['admin', 'namespace', 'create', 'team'];
      const made = await runCli(create, { environment: { PRATIQUE_DATA: join(folder, 'tls-data') } });
      expect(made.errors).toBe('');
    });

    async function install(name: string): Promise<void> {
      const signed = ca.sign(name);
      await copyFile(signed.certificate, files.certificate);
      await copyFile(signed.key, files.key);
    }

    it('lets skopeo sign in, push and pull', () => pushAndPull(`localhost:${port}`));

    it('is healthy to the doctor', async () => {
      expect((await doctor(port)).failed).toEqual([]);
    });

    it('tells plain HTTP to use https', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v2/`);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain('Use https://');
    });

    it('refuses TLS 1.1', async () => {
      const socket = connectTls({
        host: '127.0.0.1',
        port,
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1',
        rejectUnauthorized: false,
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      const [error] = await once(socket, 'error');
      expect(String(error)).toMatch(/protocol version|alert/i);
    });

    it('takes a renewed certificate into use, and keeps it when the files do not fit', async () => {
      await install('second');
      await waitUntil('the new certificate is served', async () => (await servedName()) === 'second');
      await copyFile(ca.sign('third').key, files.key);
      await waitUntil('the refusal is logged', async () => cli.output().includes('kept the TLS certificate'));
      expect(await servedName()).toBe('second');
    });

    async function servedName(): Promise<string> {
      const socket = connectTls({ host: 'localhost', port, ca: await readFile(ca.file) });
      await once(socket, 'secureConnect');
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return String(subject.CN);
    }

    it.each([
      ['absent.pem', 'first', 'it must be a readable file, got no such file'],
      ['first.pem', 'second', 'it must hold the key of the certificate'],
    ])('does not start with %s and the key of %s', async (certificate, key, message) => {
      const { code, errors } = await runCli(['serve'], {
        environment: {
          ...offline,
          PRATIQUE_DATA: join(folder, 'never-data'),
          PRATIQUE_LISTEN: '127.0.0.1:0',
          PRATIQUE_TLS_CERT: join(ca.folder, certificate),
          PRATIQUE_TLS_KEY: join(ca.folder, `${key}-key.pem`),
        },
      });
      expect(code).toBe(3);
      expect(errors.trimEnd().split('\n')).toHaveLength(1);
      expect(errors).toContain(message);
    });
  });
});

/** No feed is asked for. */
const offline = {
  PRATIQUE_ADVISORIES: 'file:/nowhere',
  PRATIQUE_KEV: 'file:/nowhere',
  PRATIQUE_EPSS: 'file:/nowhere',
};

const forged = {
  'x-forwarded-for': '127.0.0.1',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-port': '1',
  'x-real-ip': '127.0.0.1',
  forwarded: 'for=127.0.0.1;proto=https;host=evil.example',
  'x-original-url': '/v2/_catalog',
  'x-rewrite-url': '/metrics',
  'x-http-method-override': 'DELETE',
  'x-request-id': 'evil',
};

const digest = `sha256:${'0'.repeat(64)}`;
const routes = [
  ['GET', '/'],
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/login'],
  ['GET', '/assets/absent.js'],
  ['GET', '/token'],
  ['GET', '/token?scope=repository:team/app:pull'],
  ['POST', '/token'],
  ['GET', '/v2/'],
  ['HEAD', '/v2/'],
  ['GET', '/v2/_catalog'],
  ['GET', '/v2/team/app/tags/list'],
  ['GET', '/v2/team/app/manifests/v1'],
  ['HEAD', '/v2/team/app/manifests/v1'],
  ['PUT', '/v2/team/app/manifests/v1'],
  ['DELETE', '/v2/team/app/manifests/v1'],
  ['GET', `/v2/team/app/blobs/${digest}`],
  ['DELETE', `/v2/team/app/blobs/${digest}`],
  ['POST', '/v2/team/app/blobs/uploads/'],
  ['PATCH', '/v2/team/app/blobs/uploads/1'],
  ['PUT', '/v2/team/app/blobs/uploads/1'],
  ['GET', `/v2/team/app/referrers/${digest}`],
  ['GET', '/api/v1/session'],
  ['POST', '/api/v1/session'],
  ['GET', '/api/v1/system'],
  ['GET', '/api/v1/users'],
  ['POST', '/api/v1/users'],
  ['GET', '/api/v1/namespaces'],
  ['GET', '/api/v1/images'],
  ['POST', '/api/v1/advisories/sync'],
  ['GET', '/api/v1/openapi.json'],
  ['GET', '/api/v1/absent'],
] as const;

/** The line that the log has for a request; it comes when the answer has left. */
async function recordOf(server: ServerProcess, id: string): Promise<Record<string, unknown>> {
  let line: string | undefined;
  await waitUntil(`request ${id} is logged`, async () => {
    const lines = server.output().split('\n');
    line = lines.find((text) => text.includes(`"id":"${id}"`) && text.includes('"msg":"request"'));
    return line !== undefined;
  });
  return JSON.parse(line ?? '{}');
}
