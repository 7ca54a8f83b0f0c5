import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { runCli, type ServedCli, serveCli } from '../src/testing/cli-process.ts';
import { StaticMirror } from '../src/testing/static-mirror.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'pratique-cli-'));
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;
const running: ServedCli[] = [];

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGINT');
    await ended;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function dataIn(name: string): Record<string, string> {
  return {
    PRATIQUE_DATA: path.join(folder, name),
    PRATIQUE_ADVISORIES: `file:${folder}/no-feed`,
    PRATIQUE_KEV: `file:${folder}/no-kev`,
    PRATIQUE_EPSS: `file:${folder}/no-epss`,
  };
}

async function serve(environment: Record<string, string>, uid?: number): Promise<ServedCli> {
  const server = await serveCli({ environment, ...(uid === undefined ? {} : { uid }) });
  running.push(server);
  return server;
}

async function stop(server: ServedCli, signal: NodeJS.Signals): Promise<number | string> {
  running.splice(running.indexOf(server), 1);
  server.child.kill(signal);
  return await server.ended;
}

function postmasterPid(environment: Record<string, string>): number | undefined {
  const file = `${environment['PRATIQUE_DATA']}/postgresql/cluster/postmaster.pid`;
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined;
}

/** Loads a mirror of one record, so that a server started within a day does not synchronise. */
async function syncSmallMirror(environment: Record<string, string>): ReturnType<typeof runCli> {
  const mirror = new StaticMirror();
  mirror.set('/ecosystems.txt', 'npm\n');
  mirror.setFolder('npm', [
    {
      id: 'GHSA-0000-0000-0001',
      modified: '2026-01-02T03:04:05Z',
      affected: [{ package: { ecosystem: 'npm', name: 'left' }, versions: ['1.0.0'] }],
    },
  ]);
  const root = await mirror.start();
  try {
    return await runCli(['advisories', 'sync'], {
      environment: { ...environment, PRATIQUE_ADVISORIES: root },
    });
  } finally {
    await mirror.stop();
  }
}

/** False when the checkout lies below a folder that other users may not enter. */
function isOpenToOthers(): boolean {
  for (let at = import.meta.dirname; ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o005) !== 0o005) return false;
    if (at === path.dirname(at)) return true;
  }
}

describe('pratique serve', () => {
  it('makes an admin password once, listens on one TCP port, stops without leaving a process', async () => {
    const environment = dataIn('first');
    const first = await serve(environment);
    const password = readFileSync(`${folder}/first/admin-password`, 'utf8').trim();
    // The line after the one that says it is ready.
    await expect
      .poll(() => first.output())
      .toContain(`sign in as "admin" with the password ${password} (kept in ${folder}/first/admin-password)`);
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
    for (const name of ['admin-password', 'secret-key', 'postgresql/password']) {
      expect(statSync(`${folder}/first/${name}`).mode & 0o777).toBe(0o600);
    }
    const pid = postmasterPid(environment) ?? 0;
    expect(readFileSync(`${folder}/first/postgresql/server.log`, 'utf8')).not.toMatch(/listening on IPv/);
    expect(statSync(`${folder}/first/postgresql/cluster/.s.PGSQL.5432`).mode & 0o777).toBe(0o700);
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
    expect(await stop(first, 'SIGTERM')).toBe(0);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    const second = await serve(environment);
    expect(second.output()).not.toContain('password');
    expect(second.errors()).toBe('');
  });

  it('takes over the PostgreSQL of a killed server and keeps what was acknowledged', async () => {
    const environment = dataIn('killed');
    // A synchronisation that outlives the server for a moment would be the last to use PostgreSQL, and stop it.
    await syncSmallMirror(environment);
    const killed = await serve(environment);
    // The command works beside the running server.
    expect(await runCli(['admin', 'namespace', 'create', 'kept'], { environment })).toMatchObject({
      code: 0,
    });
    const pid = postmasterPid(environment);
    expect(await stop(killed, 'SIGKILL')).toBe('SIGKILL');
    const next = await serve(environment);
    expect(postmasterPid(environment)).toBe(pid);
    expect(next.output()).toContain('took over a PostgreSQL');
    expect((await runCli(['admin', 'namespace', 'list'], { environment })).output).toContain(
      'kept  private  yes',
    );
    expect(await stop(next, 'SIGINT')).toBe(0);
    expect(postmasterPid(environment)).toBeUndefined();
    // And without a server it starts and stops a PostgreSQL of its own; a pid file of another process is no obstacle.
    writeFileSync(`${folder}/killed/postgresql/cluster/postmaster.pid`, `${process.pid}\n`);
    expect((await runCli(['admin', 'namespace', 'list'], { environment })).output).toContain('kept');
    expect(postmasterPid(environment)).toBeUndefined();
  });

  it('starts PostgreSQL again when it is killed', async () => {
    const environment = dataIn('database-killed');
    const server = await serve(environment);
    const pid = postmasterPid(environment) ?? 0;
    process.kill(pid, 'SIGKILL');
    // How long it is not ready meanwhile is a matter of luck.
    await expect.poll(() => postmasterPid(environment) ?? pid).not.toBe(pid);
    await expect.poll(async () => (await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('refuses a data folder in use, a taken port and a bad setting, each with one line', async () => {
    const environment = dataIn('refused');
    const server = await serve(environment);
    expect(await runCli(['serve'], { environment })).toEqual({
      code: 3,
      output: '',
      errors: `Cannot start: the data folder "${folder}/refused" is in use by the server with pid ${server.child.pid}; stop it, or set PRATIQUE_DATA to another folder\n`,
    });
    const listener = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    const address = listener.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const other = { ...dataIn('other'), PRATIQUE_LISTEN: `127.0.0.1:${port}` };
    const taken = await runCli(['serve'], { environment: other });
    listener.close();
    expect(taken.errors).toBe(
      `Cannot listen on "127.0.0.1:${port}": address and port must be free for this server, got one that another process uses; set PRATIQUE_LISTEN to another\n`,
    );
    expect([taken.code, postmasterPid(other)]).toEqual([3, undefined]);
    const bad = await runCli(['serve'], { environment: { PRATIQUE_LISTEN: 'nowhere' } });
    expect([bad.code, bad.errors.split('\n').length]).toEqual([3, 2]);
  });

  it.skipIf(!isRoot)(
    'as root, keeps its data below a folder that PostgreSQL’s user cannot enter, with a path too long for a socket',
    async () => {
      const closed = `closed-${'x'.repeat(100)}`;
      mkdirSync(path.join(folder, closed), { mode: 0o700 });
      const environment = dataIn(`${closed}/data`);
      const server = await serve(environment);
      expect(statSync(`${environment['PRATIQUE_DATA']}/postgresql/cluster`).uid).not.toBe(0);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    },
  );

  it.skipIf(!isRoot || !isOpenToOthers())('runs as an ordinary user', async () => {
    const home = path.join(folder, 'ordinary');
    mkdirSync(home);
    accessSync(folder, constants.R_OK);
    chownSync(home, nobody, nobody);
    chownSync(folder, nobody, nobody);
    const environment = dataIn('ordinary/data');
    const server = await serve(environment, nobody);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(await stop(server, 'SIGTERM')).toBe(0);
    chownSync(folder, 0, 0);
  });
});

describe('pratique admin', () => {
  it('creates, lists and deletes users and namespaces', async () => {
    const environment = dataIn('admin');
    // Commands join its PostgreSQL instead of starting one each.
    await serve({ ...environment, PRATIQUE_ADMIN_PASSWORD: 'correct horse' });
    const run = (args: string, input = '') => runCli(args.split(' '), { environment, input });
    expect((await run('admin user create alice --admin')).output).toMatch(
      /^Created user alice with the password \w{24}\n$/,
    );
    expect((await run('admin user create bob --password-stdin', 'correct horse\n')).output).toBe(
      'Created user bob\n',
    );
    expect(JSON.parse((await run('admin user list --json')).output)).toMatchObject([
      { name: 'admin', isAdmin: true },
      { name: 'alice', isAdmin: true },
      { name: 'bob', isAdmin: false, disabled: false },
    ]);
    expect((await run('admin user delete alice')).code).toBe(0);
    expect(await run('admin user delete admin')).toMatchObject({
      code: 3,
      errors: 'Cannot delete user "admin": one system administrator must remain\n',
    });
    expect(await run('admin user set-password bob --password-stdin', 'short')).toMatchObject({ code: 3 });
    expect(
      (await run('admin namespace create team --mode enforce --min-severity critical --quota 10GiB')).code,
    ).toBe(0);
    const settings = '--auto-scan no --public yes --severity-order cvss-v3,highest';
    expect((await run(`admin namespace set team ${settings}`)).code).toBe(0);
    expect((await run('admin namespace list')).output).toMatch(
      /^team +public +no +enforce from critical +0 B +10\.0 GiB$/m,
    );
    expect(await run('admin namespace set team --quota lots')).toMatchObject({
      code: 3,
      errors: expect.stringContaining('It must be a whole number of bytes, KiB, MiB, GiB or TiB'),
    });
    expect((await run('admin namespace list --json')).output).toContain('"cvss-v3",\n      "highest"');
    expect(await run('admin namespace set team --severity-order nvd')).toMatchObject({
      code: 3,
      errors: expect.stringContaining(
        'It must be one or more of vendor, ecosystem, cvss-v4, cvss-v3, cvss-v2, highest',
      ),
    });
    expect((await run('admin namespace set team --quota none')).code).toBe(0);
    expect((await run('admin namespace list')).output).toMatch(/^team .* 0 B +none$/m);
    expect((await run('admin namespace delete team')).code).toBe(0);
    expect(await run('admin namespace set team --public no')).toMatchObject({
      code: 3,
      errors: 'Cannot change namespace "team": there is none of that name\n',
    });
    expect((await run('admin nothing')).code).toBe(3);
  });
});

describe('pratique admin robot', () => {
  it('creates, rotates and deletes; no secret is in the log at its finest (A14, E4)', async () => {
    const environment = { ...dataIn('robots'), PRATIQUE_LOG_LEVEL: 'debug' };
    const server = await serve(environment);
    const run = (args: string) => runCli(args.split(' '), { environment });
    expect((await run('admin namespace create team')).code).toBe(0);
    const made = await run(
      'admin robot create ci --namespace team --permission pull-push --expires-in-days 90',
    );
    const [, first = ''] = /^Created robot robot\.team\.ci with the secret (\w+)\n$/.exec(made.output) ?? [];
    expect(first).toMatch(/^prtr_\w{43}$/);
    const wide = await run('admin robot create mirror --allow team=pull');
    expect(wide.output).toContain('Created robot robot.mirror with the secret prtr_');
    const rotated = await run('admin robot rotate robot.team.ci');
    const second = /^New secret of robot\.team\.ci: (\w+)$/m.exec(rotated.output)?.[1] ?? '';
    expect(rotated.output).toContain('Still valid beside it: 1');
    const signIn = async (secret: string, login = 'robot.team.ci') => {
      const authorization = `Basic ${btoa(`${login}:${secret}`)}`;
      const token = await fetch(`${server.url}/token?scope=repository:team/app:pull`, {
        headers: { authorization },
      });
      const api = await fetch(`${server.url}/api/v1/namespaces/team`, { headers: { authorization } });
      return [token.status, api.status];
    };
    expect([await signIn(first), await signIn(second)]).toEqual([
      [200, 200],
      [200, 200],
    ]);
    expect(await signIn(first, 'admin')).toEqual([401, 401]);
    expect(JSON.parse((await run('admin robot list --namespace team --json')).output)).toMatchObject([
      { login: 'robot.mirror', grants: [{ namespace: 'team', permission: 'pull' }] },
      { login: 'robot.team.ci', secrets: [{ lastUsedAt: expect.any(String) }, {}] },
    ]);
    const only = (await run('admin robot rotate robot.team.ci --revoke-others')).output
      .trim()
      .split(' ')
      .at(-1);
    expect([await signIn(first), await signIn(second), await signIn(only ?? '')]).toEqual([
      [401, 401],
      [401, 401],
      [200, 200],
    ]);
    expect((await run('admin robot delete robot.team.ci')).code).toBe(0);
    expect(await run('admin robot rotate robot.team.ci')).toMatchObject({ code: 3 });
    expect(await run('admin robot create a.b --namespace team')).toMatchObject({ code: 3 });
    expect(await run('admin robot create ci --allow team=write')).toMatchObject({ code: 3 });
    expect(await stop(server, 'SIGTERM')).toBe(0);
    const log = server.output() + server.errors();
    expect(log).toContain('listening on');
    for (const secret of [first, second, only ?? '']) {
      expect(log).not.toContain(secret);
      expect(log).not.toContain(btoa(`robot.team.ci:${secret}`));
    }
  });
});

describe('pratique advisories', () => {
  it('loads a mirror and tells what is held; without one it says so', async () => {
    const environment = dataIn('advisories');
    expect(await runCli(['advisories', 'status'], { environment })).toMatchObject({
      code: 0,
      output: 'no advisory data yet: nothing can be judged; run "pratique advisories sync"\n',
    });
    const byHand = { ...environment, PRATIQUE_ADVISORY_BUNDLE: 'manual' };
    for (const command of [['advisories', 'status'], ['doctor']]) {
      const { output } = await runCli(command, { environment: byHand });
      expect(output).toContain('nothing can be judged; run "pratique advisories import" with a bundle');
      expect(output).not.toContain('advisories sync');
    }
    const nowhere = await runCli(['advisories', 'changes', '--namespace', 'none'], { environment });
    expect(nowhere).toMatchObject({ code: 3, output: '' });
    expect(nowhere.errors).toContain('Cannot find namespace "none"');
    const failed = await runCli(['advisories', 'sync'], { environment });
    expect(failed).toMatchObject({ code: 3, errors: '' });
    expect(failed.output).toMatch(/^ecosystems.txt +failed +0 +Cannot use /m);
    const loaded = await syncSmallMirror(environment);
    expect(loaded.output).toMatch(/^npm +updated +1$/m);
    expect(loaded.output).toMatch(/^KEV +failed/m);
    expect(loaded.code).toBe(2);
    const status = await runCli(['advisories', 'status', '--json'], { environment });
    expect(JSON.parse(status.output)).toMatchObject({ readiness: { ready: true } });
  });
});
