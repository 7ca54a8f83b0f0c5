import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { buildLayer } from '../src/testing/samples/build-image.ts';
import { StaticMirror } from '../src/testing/static-mirror.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram } from './clients.ts';
import { pushWithSkopeo } from './real-images.ts';
import { adminAuthorization, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

const records = Array.from({ length: 12 }, (_, index) => ({
  id: `GHSA-2222-3333-${1_000 + index}`,
  modified: '2026-01-02T03:04:05Z',
  aliases: [`CVE-2026-${1_000 + index}`],
  summary: `Flaw ${index}`,
  database_specific: { severity: 'HIGH' },
  affected: [
    {
      package: { ecosystem: 'npm', name: `package-${index}` },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
}));

interface ShownFeed {
  readonly name: string;
  readonly failures: number;
  readonly ageSeconds: number | null;
  readonly lastError: string | null;
  readonly stale: boolean;
  readonly source: string | null;
}

describe.skipIf(!hasProgram('skopeo'))('a server whose mirror is away (threats.md F23, P26)', () => {
  const mirror = new StaticMirror();
  let environment: Readonly<Record<string, string>>;
  let server: ServerProcess;
  let api: ApiClient;

  beforeAll(async () => {
    const root = await mirror.start();
    mirror.set('/ecosystems.txt', 'npm\n');
    mirror.setFolder('npm', records);
    environment = {
      PRATIQUE_ADVISORIES: root,
      PRATIQUE_KEV: `${root}/kev.json`,
      PRATIQUE_EPSS: `${root}/epss.csv`,
    };
    server = await startServerProcess({ environment });
    api = new ApiClient(server.url);
    await api.syncAdvisories(['npm']);
    await server.stop();
    await mirror.stop();
    server = await startServerProcess({ environment, dataFolder: server.dataFolder });
    api = new ApiClient(server.url);
    await api.call('POST', '/namespaces', { name: 'team', autoScan: true });
    const policy = { mode: 'enforce', minSeverity: 'critical' };
    await api.call('PATCH', '/namespaces/team', { policy });
  });
  afterAll(async () => {
    expect(await server?.stop()).toBe(0);
    server?.clean();
  });

  it('scans from what is held, and says of the gate what cannot be told', async () => {
    const files = { 'srv/node_modules/package-3/package.json': '{"name":"package-3","version":"1.0.0"}' };
    const layers = [Buffer.from(buildLayer(files).bytes)];
    await pushWithSkopeo(server, 'team/app:1', [{ architecture: 'amd64', layers, commands: ['ADD /'] }]);
    const verdict = await api.call<{ verdict: unknown }>('GET', '/verdict?image=team/app:1&wait=60');
    expect(JSON.stringify(verdict)).toContain(
      "CISA's list of exploited vulnerabilities (KEV) was never read",
    );
    expect(JSON.stringify(verdict)).toContain('so it cannot be told whether CVE-2026-1003 counts');
    const { items } = await api.call<{ items: { id: number }[] }>('GET', '/images?namespace=team');
    const image = await api.call<{ judgedWith: unknown[] }>('GET', `/images/${items[0]?.id}`);
    expect(image.judgedWith).toContainEqual(
      expect.objectContaining({ feed: 'npm', version: 1, nextVersion: null }),
    );
  });

  it('shows the error and the age, and keeps the history', async () => {
    await api.call('POST', '/advisories/sync', {});
    const npm = async () =>
      (await api.call<{ items: ShownFeed[] }>('GET', '/advisories')).items.find(({ name }) => name === 'npm');
    await waitUntil('the attempt has failed', async () => (await npm())?.failures === 1);
    expect(await npm()).toMatchObject({
      lastError: expect.stringContaining('nothing answers at its address and port'),
      stale: false,
      source: expect.stringMatching(/\/npm(\/all\.zip)?$/),
      ageSeconds: expect.any(Number),
    });
    const { items } = await api.call<{ items: { outcome: string }[] }>('GET', '/advisories/history?feed=npm');
    expect(items.map(({ outcome }) => outcome)).toEqual(['unreachable', 'applied']);
    const authorization = adminAuthorization;
    const metrics = await (await fetch(`${server.url}/metrics`, { headers: { authorization } })).text();
    for (const line of [
      'pratique_feed_failures{feed="npm"} 1',
      'pratique_feed_stale{feed="npm"} 0',
      'pratique_feed_stale{feed="KEV"} 1',
      'pratique_feed_newest_record_timestamp_seconds{feed="npm"} 1767323045',
    ])
      expect(metrics).toContain(line);
    expect(metrics).toMatch(/pratique_feed_age_seconds\{feed="npm"\} [\d.]+/);
  });

  it('tells the same on the command line', async () => {
    const given = { environment: { ...environment, PRATIQUE_DATA: server.dataFolder } };
    const status = await runCli(['advisories', 'status'], given);
    expect(status.output).toMatch(
      /^npm +12 +1 +2026-01-02T03:04 .* 0 h .*nothing answers .*\/npm(\/all\.zip)?$/m,
    );
    const history = await runCli(['advisories', 'history', 'npm'], given);
    expect(history.output).toMatch(/^npm .* unreachable: Cannot read/m);
    expect(history.output).toMatch(/^npm .* 0 to 1 +0 to 12 +12 +0 +0 +0 +\+0 -0 +0 /m);
    const json = await runCli(['advisories', 'history', '--json'], given);
    expect(JSON.parse(json.output)).toContainEqual(
      expect.objectContaining({ feed: 'npm', outcome: 'applied' }),
    );
    expect((await runCli(['advisories', 'history', 'Gentoo'], given)).output).toBe(
      'No update of a feed "Gentoo" is known\n',
    );
  });
});
