import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../src/bytes/digest.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../src/database/embedded-server.ts';
import { type CliProcess, runCli, serveCli, startCli } from '../src/testing/cli-process.ts';
import { freePort } from '../src/testing/free-port.ts';
import { testImage } from '../src/testing/registry-client.ts';
import { hasProgram } from './clients.ts';
import { makeCa } from './self-made-ca.ts';
import { waitUntil } from './server-process.ts';

const silent = 'file:/nonexistent';
const offline = { PRATIQUE_ADVISORIES: silent, PRATIQUE_KEV: silent, PRATIQUE_EPSS: silent };
const folder = mkdtempSync(join(tmpdir(), 'pratique-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const basic = (name: string, password: string) => `Basic ${btoa(`${name}:${password}`)}`;

// Skipped where openssl is missing; with CI=true its absence is a failure.
describe.skipIf(!hasProgram('openssl'))('secrets of a server at work', () => {
  const adminPassword = 'canary-admin-password';
  const userPassword = 'canary-user-password';
  const databasePassword = 'canary-database-password';
  const dataFolder = join(folder, 'data');
  const ca = makeCa(mkdtempSync(join(folder, 'ca-')));
  const image = testImage('canary');
  /** What must be nowhere, by what it is. */
  const secrets = new Map<string, string>([
    ['admin password', adminPassword],
    ['user password', userPassword],
    ['database password', databasePassword],
  ]);
  let database: EmbeddedServer;
  let pool: pg.Pool;
  let server: CliProcess;
  let port: number;
  /** Bodies of all answers but of those that show a secret this once. */
  const bodies: string[] = [];
  const logins: string[] = [];

  beforeAll(async () => {
    database = await startEmbeddedServer({ dataFolder: join(folder, 'database'), role: 'server' });
    pool = new pg.Pool(database.config);
    await pool.query(`create role canary superuser login password '${databasePassword}'`);
    await pool.query('create database canary owner canary');
    await pool.end();
    pool = new pg.Pool({ ...database.config, database: 'canary' });
    port = await freePort();
    const { certificate, key } = ca.sign('server');
    for (const line of readFileSync(key, 'utf8').split('\n')) {
      if (line.length === 64) secrets.set('TLS private key', line);
    }
    const socket = encodeURIComponent(String(database.config.host));
    server = startCli(['serve'], {
      environment: {
        ...offline,
        PRATIQUE_DATA: dataFolder,
        PRATIQUE_LISTEN: `127.0.0.1:${port}`,
        PRATIQUE_ADMIN_PASSWORD: adminPassword,
        PRATIQUE_LOG_LEVEL: 'debug',
        PRATIQUE_TLS_CERT: certificate,
        PRATIQUE_TLS_KEY: key,
        DATABASE_URL: `postgres://canary:${databasePassword}@/canary?host=${socket}`,
      },
    });
    await waitUntil('the server is ready', async () =>
      server.output().includes('is ready on https://localhost'),
    );
  });

  afterAll(async () => {
    server?.child.kill('SIGTERM');
    await server?.ended;
    await pool?.end();
    await database?.stop();
  });

  async function ask(
    method: string,
    path: string,
    options: { readonly headers?: Record<string, string>; readonly body?: string | Buffer } = {},
  ): Promise<Answer> {
    const { headers = {}, body } = options;
    if (headers['authorization'] !== undefined) logins.push(headers['authorization']);
    return await new Promise((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port,
          servername: 'localhost',
          ca: readFileSync(ca.file),
          method,
          path,
          headers,
        },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () => {
            const text = Buffer.concat(parts).toString();
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
          });
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** A call of the API; its body is one of those that are searched, unless it shows a secret this once. */
  async function call(method: string, path: string, body?: unknown, showsSecret = false): Promise<unknown> {
    const answer = await ask(method, `/api/v1${path}`, {
      headers: {
        authorization: basic('admin', adminPassword),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect([method, path, answer.status < 300]).toEqual([method, path, true]);
    if (!showsSecret) bodies.push(answer.text);
    return answer.text === '' ? undefined : JSON.parse(answer.text);
  }

  async function makeSecrets(): Promise<void> {
    await call('POST', '/namespaces', { name: 'team' });
    await call('POST', '/users', { name: 'dora', password: userPassword });
    await call('PUT', '/namespaces/team/members/dora', { role: 'developer' });
    const robot = { name: 'ci', permissions: [{ namespace: '*', permission: 'pull-push' }] };
    const made = (await call('POST', '/robots', robot, true)) as { secret: { secret: string } };
    secrets.set('robot secret', made.secret.secret);
    const token = (await call('POST', '/tokens', { name: 'laptop' }, true)) as { secret: string };
    secrets.set('access token', token.secret);
    const session = await ask('POST', '/api/v1/session', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'dora', password: userPassword }),
    });
    const cookie = /pratique_session=([\w-]+)/.exec(String(session.headers['set-cookie']))?.[1] ?? '';
    secrets.set('session cookie', cookie);
    secrets.set('CSRF token', (JSON.parse(session.text) as { csrfToken: string }).csrfToken);
    const scope = 'scope=repository:team/app:pull,push';
    const bearer = await ask('GET', `/token?${scope}`, {
      headers: { authorization: basic('robot.ci', made.secret.secret) },
    });
    secrets.set('Docker token', (JSON.parse(bearer.text) as { token: string }).token);
    const sealing = readFileSync(join(dataFolder, 'secret-key'));
    secrets.set('sealing key', sealing.toString('base64'));
    secrets.set('sealing key as hex', sealing.toString('hex'));
  }

  async function pushAndPull(authorization: string): Promise<void> {
    for (const blob of image.blobs) {
      const opened = await ask('POST', '/v2/team/app/blobs/uploads/', { headers: { authorization } });
      expect(opened.status).toBe(202);
      const digest = digestOf(blob);
      const path = `${opened.headers.location}?digest=${digest}`;
      expect((await ask('PUT', path, { headers: { authorization }, body: blob })).status).toBe(201);
    }
    const headers = { authorization, 'content-type': image.mediaType };
    expect((await ask('PUT', '/v2/team/app/manifests/1', { headers, body: image.bytes })).status).toBe(201);
    const pulled = await ask('GET', '/v2/team/app/manifests/1', { headers: { authorization } });
    expect(pulled.status).toBe(200);
  }

  /** Requests that go wrong in every way in, each with a secret somewhere in it. */
  async function forceErrors(): Promise<void> {
    const cookie = `pratique_session=${secrets.get('session cookie')}`;
    const json = { 'content-type': 'application/json' };
    for (const [name, secret] of secrets) {
      const authorization = name === 'Docker token' ? `Bearer ${secret}x` : basic('admin', `${secret}x`);
      for (const path of ['/v2/', '/token', '/api/v1/users', '/metrics']) {
        bodies.push((await ask('GET', path, { headers: { authorization } })).text);
      }
      bodies.push((await ask('GET', `/v2/team/app/tags/list?token=${encodeURIComponent(secret)}`)).text);
    }
    const broken = [
      [
        'POST',
        '/api/v1/session',
        { headers: json, body: `{"username":"admin","password":"${adminPassword}"` },
      ],
      ['POST', '/api/v1/session', { headers: json, body: `{"password":"${adminPassword}"}` }],
      [
        'PATCH',
        '/api/v1/users/dora',
        { headers: { cookie, ...json }, body: `{"password":"${userPassword}"}` },
      ],
      [
        'PUT',
        '/v2/team/app/manifests/2',
        { headers: { authorization: basic('admin', adminPassword) }, body: '{' },
      ],
      ['GET', '/v2/team/app/manifests/absent', { headers: { authorization: basic('dora', userPassword) } }],
      ['GET', '/api/v1/images?cursor=%00', { headers: { cookie } }],
    ] as const;
    for (const [method, path, options] of broken) {
      const answer = await ask(method, path, options);
      expect([path, answer.status >= 400]).toEqual([path, true]);
      bodies.push(answer.text);
    }
    // What the database refuses while requests are served.
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'canary'`);
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const authorization = basic('dora', userPassword);
        bodies.push((await ask('GET', '/api/v1/namespaces', { headers: { authorization } })).text);
        bodies.push((await ask('GET', '/v2/_catalog', { headers: { authorization } })).text);
      }),
    );
  }

  /** Every row of every table as text. */
  async function dumpOfDatabase(): Promise<string> {
    const tables = await pool.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.rows.length).toBeGreaterThan(20);
    const dumps: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await pool.query<{ text: string }>(`select t::text as text from ${name} t`);
      dumps.push(...rows.map(({ text }) => text));
    }
    return dumps.join('\n');
  }

  /** Command lines of the server and whatever it has started. */
  function commandLines(): string {
    const parents = new Map<number, number>();
    const lines = new Map<number, string>();
    for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        lines.set(Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8'));
        parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
      } catch {} // it has ended
    }
    const isOurs = (pid: number | undefined): boolean =>
      pid !== undefined && pid > 1 && (pid === server.child.pid || isOurs(parents.get(pid)));
    const ours = [...parents.keys()].filter(isOurs);
    expect(ours.length).toBeGreaterThan(0);
    return ours.map((pid) => lines.get(pid)).join('\n');
  }

  it('are in no log, answer, metric, table or command line (threats.md E4)', async () => {
    await makeSecrets();
    await pushAndPull(basic('robot.ci', secrets.get('robot secret') ?? ''));
    await pushAndPull(basic('dora', userPassword));
    await pushAndPull(`Bearer ${secrets.get('Docker token')}`);
    await pushAndPull(basic('admin', secrets.get('access token') ?? ''));
    for (const path of [
      '/session',
      '/sessions',
      '/tokens',
      '/users',
      '/robots',
      '/events?limit=200',
      '/namespaces',
      '/namespaces/team',
      '/namespaces/team/members',
      '/namespaces/team/robots',
      '/namespaces/team/events',
      '/images',
      '/system',
      '/advisories',
    ]) {
      await call('GET', path);
    }
    await forceErrors();
    let metrics = '';
    // Once the server has found its database again.
    await waitUntil('metrics are given', async () => {
      const headers = { authorization: basic('admin', secrets.get('access token') ?? '') };
      metrics = (await ask('GET', '/metrics', { headers })).text;
      return metrics.includes('# TYPE');
    });
    const listed = await runCli(['admin', 'user', 'list'], {
      environment: {
        PRATIQUE_DATA: dataFolder,
        DATABASE_URL: `postgres://canary:${databasePassword}@/canary?host=${encodeURIComponent(String(database.config.host))}`,
      },
    });
    expect(listed.output).toContain('dora');
    expect(secrets.size).toBeGreaterThanOrEqual(11);
    for (const [name, secret] of secrets) expect([name, secret.length > 15]).toEqual([name, true]);
    const places = {
      log: server.output() + server.errors(),
      bodies: bodies.join('\n'),
      metrics,
      database: await dumpOfDatabase(),
      commandLines: commandLines(),
      commandOutput: listed.output + listed.errors,
    };
    expect(places.log).toContain('"level":');
    expect(places.database).toContain('dora');
    const hits = Object.entries(places).flatMap(([place, text]) => [
      ...[...secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => `${name} in ${place}`),
      ...logins.filter((login) => text.includes(login.split(' ')[1] ?? login)).map(() => `login in ${place}`),
    ]);
    expect(hits).toEqual([]);
  });

  it('of the server are in files that nobody else may read (threats.md A14)', () => {
    expect(statSync(dataFolder).mode & 0o077).toBe(0);
    expect(statSync(join(dataFolder, 'secret-key')).mode & 0o077).toBe(0);
  });
});

describe('two fresh installations', () => {
  it('share no secret, listen on no TCP port of PostgreSQL and keep its socket closed (threats.md A14)', async () => {
    const made = [];
    for (const name of ['one', 'two']) {
      const data = join(folder, name);
      mkdirSync(data);
      const server = await serveCli({ environment: { ...offline, PRATIQUE_DATA: data } });
      const password = readFileSync(join(data, 'admin-password'), 'utf8').trim();
      const statusOf = async (tried: string) =>
        (await fetch(`${server.url}/api/v1/users`, { headers: { authorization: basic('admin', tried) } }))
          .status;
      expect(await statusOf(password)).toBe(200);
      for (const builtIn of ['admin', 'password', 'pratique', 'Harbor12345', '']) {
        expect([builtIn, await statusOf(builtIn)]).toEqual([builtIn, 401]);
      }
      expect(await isOpen(5432)).toBe(false);
      if (process.getuid?.() === 0) {
        const socket = execFileSync('find', [data, '-type', 's'], { encoding: 'utf8' }).trim().split('\n')[0];
        const tried = `require('node:net').connect(${JSON.stringify(socket)}).on('connect',()=>process.exit(0)).on('error',()=>process.exit(7))`;
        expect(() =>
          execFileSync(process.execPath, ['-e', tried], { uid: 65534, gid: 65534, stdio: 'pipe' }),
        ).toThrow();
      }
      made.push({ password, key: readFileSync(join(data, 'secret-key'), 'hex') });
      server.child.kill('SIGTERM');
      await server.ended;
    }
    const [one, two] = made;
    expect(one?.password).not.toBe(two?.password);
    expect(one?.key).not.toBe(two?.key);
    expect(one?.password.length).toBeGreaterThanOrEqual(20);
  });
});

async function isOpen(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
