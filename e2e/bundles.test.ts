import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryProcess, startDistribution } from '../bench/_peer-registry.ts';
import { type Installation, openInstallation } from '../src/app/installation.ts';
import { loadConfig } from '../src/app/settings/config.ts';
import { runCli, startCli } from '../src/testing/cli-process.ts';
import { alpineRecord } from '../src/testing/samples/osv-fixtures.ts';
import { StaticMirror } from '../src/testing/static-mirror.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram, mustRun } from './clients.ts';
import { adminPassword, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'pratique-bundles-'));
const at = (name: string) => join(folder, name);
const mirror = new StaticMirror();
const recordCount = 2_000;
let root = '';
let publicKey = '';

/** Records of one day: every one of them changes with the day. */
function setDay(day: string): void {
  const records = Array.from({ length: recordCount }, (_, index) =>
    alpineRecord({ number: 1000 + index, modified: `${day}T00:00:00Z` }),
  );
  mirror.setFolder('Alpine', records);
}

const connected = () => ({
  PRATIQUE_DATA: at('connected'),
  PRATIQUE_ADVISORIES: root,
  PRATIQUE_KEV: `file:${at('none')}`,
  PRATIQUE_EPSS: `file:${at('none')}`,
});

async function pratique(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
  input?: string,
) {
  return await runCli(['advisories', ...args], { environment, ...(input === undefined ? {} : { input }) });
}

async function mustPratique(...given: Parameters<typeof pratique>): Promise<string> {
  const { code, output, errors } = await pratique(...given);
  if (code !== 0)
    throw new Error(`pratique advisories ${given[1].join(' ')}: exit ${code}\n${output}${errors}`);
  return output;
}

/** Synchronises with the mirror as it is and exports that. */
async function exported(name: string): Promise<string> {
  // Exit code 2: there are no KEV and EPSS.
  expect((await pratique(connected(), ['sync'])).code).toBe(2);
  await mustPratique(connected(), ['export', '--key', at('key.pem'), at(name)]);
  return at(name);
}

beforeAll(async () => {
  root = await mirror.start();
  mirror.set('/ecosystems.txt', 'Alpine\n');
  publicKey = (await mustPratique(connected(), ['keygen', at('key.pem')])).trim();
  setDay('2026-01-01');
  await exported('first.tar');
  setDay('2026-01-02');
  await exported('second.tar');
});
afterAll(async () => {
  await mirror.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('pratique advisories import, killed with kill -9 (threats.md F24)', () => {
  let installation: Installation;
  const settings = () => ({ PRATIQUE_DATA: at('killed'), PRATIQUE_ADVISORY_KEYS: publicKey });
  /** What killed imports leave is left in the test's own folder. */
  const environment = () => ({ ...settings(), TMPDIR: folder });

  beforeAll(async () => {
    // Keeps PostgreSQL alive while there is no command.
    installation = await openInstallation(loadConfig({ environment: settings(), folder: '/' }), {
      role: 'guest',
    });
  });
  afterAll(() => installation?.close());

  /** What is held of Alpine: its count, and the days that its records are of. */
  async function held(): Promise<readonly unknown[]> {
    const { rows } = await installation.connection.pool.query(
      `select distinct f.record_count, to_char(a.modified_at at time zone 'utc', 'YYYY-MM-DD') as day,
         (select count(*) from advisory_package) as packages
       from feed f join feed_advisory fa on fa.feed = f.name join advisory a on a.id = fa.advisory_id
       where f.name = 'Alpine'`,
    );
    return rows;
  }

  /** Kills an import of the second bundle where it is about to write into the table. */
  async function killImport(table: string): Promise<void> {
    const { pool } = installation.connection;
    const holding = await pool.connect();
    try {
      await holding.query(
        `begin; set local idle_in_transaction_session_timeout = 0; lock table ${table} in share mode`,
      );
      const cli = startCli(['advisories', 'import', at('second.tar')], { environment: environment() });
      await waitUntil(`the import comes to ${table}`, async () => {
        if (cli.child.exitCode !== null) throw new Error(`It has ended:\n${cli.output()}${cli.errors()}`);
        const { rowCount } = await pool.query(
          'select from pg_locks where relation = $1::regclass and not granted',
          [table],
        );
        return rowCount !== 0;
      });
      cli.child.kill('SIGKILL');
      expect(await cli.ended).toBe('SIGKILL');
    } finally {
      await holding.query('rollback');
      holding.release();
    }
  }

  it('leaves the one version or the other, whole, and the next import ends what was begun', async () => {
    const whole = (day: string) => [{ record_count: recordCount, day, packages: recordCount }];
    await mustPratique(environment(), ['import', at('first.tar')]);
    expect(await held()).toEqual(whole('2026-01-01'));
    // From the first to the last of what an import writes.
    for (const table of [
      'advisory_bundle',
      'feed_update',
      'advisory',
      'advisory_package',
      'feed_advisory',
      'feed',
    ]) {
      await killImport(table);
      expect([whole('2026-01-01'), whole('2026-01-02')]).toContainEqual(await held());
    }
    expect(await mustPratique(environment(), ['import', at('second.tar')])).toMatch(/Imported|held already/);
    expect(await held()).toEqual(whole('2026-01-02'));
    const older = await pratique(environment(), ['import', at('first.tar')]);
    expect([older.code, older.errors]).toEqual([
      3,
      expect.stringMatching(/must not be older than the one that is held/),
    ]);
  });
});

describe('a bundle in a registry', () => {
  const servers: ServerProcess[] = [];
  const peers: RegistryProcess[] = [];
  const none = () => ({ PRATIQUE_ADVISORY_BUNDLE: 'manual' });
  const signIn = ['--user', 'admin', '--password-stdin'];

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      expect(await server.stop()).toBe(0);
      server.clean();
    }
    for (const peer of peers.splice(0)) await peer.close();
  });

  async function serve(environment: Record<string, string>): Promise<ServerProcess> {
    const server = await startServerProcess({ environment });
    servers.push(server);
    return server;
  }

  it('of our own is no image to the scanner, is pulled under every policy, and is followed by a server', async () => {
    const server = await serve(none());
    const api = new ApiClient(server.url);
    await api.call('POST', '/namespaces', { name: 'feeds', autoScan: true });
    await api.call('PATCH', '/namespaces/feeds', { policy: { mode: 'enforce', minSeverity: 'low' } });
    const address = `oci://${server.host}/feeds/advisories:latest`;
    await mustPratique(connected(), ['export', '--key', at('key.pem'), address, ...signIn], adminPassword);
    const image = await api.scannedImage('feeds', 'advisories', 'latest');
    expect([image.scan.state, image.verdict.kind]).toEqual(['unsupported', 'allow']);
    expect(
      await mustPratique(none(), ['copy', address, at('pulled.tar'), ...signIn], adminPassword),
    ).toContain(`${recordCount} records of 1 feeds`);
    expect(readFileSync(at('pulled.tar')).equals(readFileSync(at('second.tar')))).toBe(true);

    const follower = await serve({
      PRATIQUE_ADVISORY_BUNDLE: address,
      PRATIQUE_ADVISORY_KEYS: publicKey,
      PRATIQUE_ADVISORY_USER: 'admin',
      PRATIQUE_ADVISORY_PASSWORD: adminPassword,
    });
    const following = new ApiClient(follower.url);
    await following.syncAdvisories(['Alpine']);
    interface Feed {
      readonly name: string;
      readonly recordCount: number;
      readonly lastError: string | null;
    }
    const alpine = async () => {
      const { items } = await following.call<{ items: readonly Feed[] }>('GET', '/advisories');
      return items.find(({ name }) => name === 'Alpine');
    };
    expect(await alpine()).toMatchObject({ recordCount, lastError: null });

    // Somebody puts the older one back (threats.md F22).
    await mustPratique(none(), ['copy', at('first.tar'), address, ...signIn], adminPassword);
    // A synchronisation that is still ending takes no other beside it.
    await waitUntil('the older bundle is refused', async () => {
      await following.call('POST', '/advisories/sync', {});
      await setTimeout(500);
      return (await alpine())?.lastError !== null;
    });
    expect(await alpine()).toMatchObject({
      recordCount,
      lastError: expect.stringMatching(
        /^Cannot use the bundle "oci:.*": it must not be older than the one that is held/,
      ),
    });
    expect(follower.output()).not.toContain(adminPassword);
  });

  it.skipIf(!hasProgram('skopeo'))(
    'goes through other registries and clients, and stays what was signed',
    async ({ skip }) => {
      skip(
        !existsSync('/usr/bin/docker-registry'),
        'docker-registry must be installed (Debian: apt-get install docker-registry)',
      );
      const peer = await startDistribution();
      peers.push(peer);
      const address = `oci://127.0.0.1:${peer.port}/mirror/advisories:today`;
      await mustPratique(none(), ['copy', at('second.tar'), address]);
      await mustPratique(none(), ['copy', address, at('back.tar')]);
      expect(readFileSync(at('back.tar')).equals(readFileSync(at('second.tar')))).toBe(true);

      const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
      const reference = (name: string) => `docker://127.0.0.1:${peer.port}/${name}`;
      await mustRun('skopeo', [
        'copy',
        ...plain,
        reference('mirror/advisories:today'),
        reference('other/place:v1'),
      ]);
      await mustRun('skopeo', [
        'copy',
        ...plain,
        reference('other/place:v1'),
        `oci-archive:${at('skopeo.tar')}:v1`,
      ]);
      const environment = { PRATIQUE_DATA: at('through'), PRATIQUE_ADVISORY_KEYS: publicKey };
      expect(await mustPratique(environment, ['import', at('skopeo.tar')])).toMatch(/Alpine +updated +2000/);
    },
  );
});
