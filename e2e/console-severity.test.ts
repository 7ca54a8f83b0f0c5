import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLayer } from '../src/testing/samples/build-image.ts';
import { StaticMirror } from '../src/testing/static-mirror.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram } from './clients.ts';
import { type ConsoleBrowser, openConsoleBrowser } from './console-browser.ts';
import { pullWithSkopeo, pushWithSkopeo } from './real-images.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const record = {
  schema_version: '1.7.0',
  id: 'GHSA-2222-3333-4444',
  modified: '2026-01-02T03:04:05Z',
  aliases: ['CVE-2026-1111'],
  summary: 'A flaw about whose weight people differ',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  database_specific: { severity: 'LOW' },
  affected: [
    {
      package: { ecosystem: 'npm', name: 'disputed' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
};
const listed = { cveID: 'CVE-2026-1111', dateAdded: '2026-01-05', dueDate: '2026-01-26' };
const catalogue = {
  title: 'CISA Catalog of Known Exploited Vulnerabilities',
  catalogVersion: '2026.01.05',
  dateReleased: '2026-01-05T00:00:00Z',
  count: 1,
  vulnerabilities: [
    {
      ...listed,
      vendorProject: 'A',
      product: 'B',
      vulnerabilityName: 'C',
      shortDescription: 'D',
      requiredAction: 'E',
      knownRansomwareCampaignUse: 'Unknown',
      notes: '',
    },
  ],
};

const scores =
  '#model_version:v1,score_date:2026-01-06T00:00:00Z\ncve,epss,percentile\nCVE-2026-1111,0.25,0.9\n';

const unavailable = !['skopeo', 'chromium'].every(hasProgram);

describe.skipIf(unavailable)('whose rating of a vulnerability counts', () => {
  const mirror = new StaticMirror();
  let server: ServerProcess;
  let browser: ConsoleBrowser;
  let page: Page;

  const row = () => page.getByRole('table', { name: 'Images' }).getByRole('row').filter({ hasText: 'app:1' });
  const pull = () => pullWithSkopeo(`docker://${server.host}/team/app:1`);

  beforeAll(async () => {
    const root = await mirror.start();
    mirror.set('/ecosystems.txt', 'npm\n');
    mirror.setFolder('npm', [record]);
    mirror.set('/kev.json', JSON.stringify(catalogue));
    mirror.set('/epss.csv', scores);
    server = await startServerProcess({
      environment: {
        PRATIQUE_ADVISORIES: root,
        PRATIQUE_KEV: `${root}/kev.json`,
        PRATIQUE_EPSS: `${root}/epss.csv`,
      },
    });
    const api = new ApiClient(server.url);
    await api.syncAdvisories(['npm', 'KEV', 'EPSS']);
    await api.call('POST', '/namespaces', { name: 'team', autoScan: true });
    const states = { undetermined: 'allow', incomplete: 'allow' };
    const policy = { mode: 'enforce', minSeverity: 'high', knownExploited: false, states };
    await api.call('PATCH', '/namespaces/team', { policy });
    const files = { 'srv/node_modules/disputed/package.json': '{"name":"disputed","version":"1.0.0"}' };
    const layers = [Buffer.from(buildLayer(files).bytes)];
    await pushWithSkopeo(server, 'team/app:1', [{ architecture: 'amd64', layers, commands: ['ADD /'] }]);
    browser = await openConsoleBrowser();
    page = browser.page;
    await browser.signIn(`${server.url}/namespaces/team`);
  });

  afterAll(async () => {
    await browser?.close();
    expect(await server?.stop()).toBe(0);
    server?.clean();
    await mirror.stop();
  });

  it('is the ecosystem’s by default', async () => {
    await row().getByRole('img', { name: '1 low' }).first().waitFor();
    expect(await pull()).toMatchObject({ code: 0 });
  });

  it('follows the order that an admin saves: pulls, and lists', async () => {
    await page.getByRole('tab', { name: 'Policy' }).click();
    const form = page.getByRole('region', { name: 'Severity' });
    for (let count = 0; count < 3; count += 1)
      await form.getByRole('button', { name: 'Before: CVSS 3' }).click();
    await form.getByRole('switch', { name: 'CVSS 2.0' }).click();
    await form.getByRole('button', { name: 'Save order' }).click();
    await expect
      .poll(async () => (await pull()).stderr)
      .toContain('CVE-2026-1111 (critical, known to be exploited) in disputed');
    await page.getByRole('tab', { name: 'Images' }).click();
    await row().getByRole('img', { name: '1 critical' }).first().waitFor();
  });

  it('is told with each finding, beside what the others say, and when it was listed as exploited', async () => {
    await row().getByRole('link', { name: 'app:1' }).click();
    const findings = page.getByRole('table', { name: 'Findings' });
    expect(await findings.getByText('known exploited').getAttribute('title')).toBe(
      'Listed by CISA on 2026-01-05, to be fixed by 2026-01-26',
    );
    await findings.getByText('2.50', { exact: true }).waitFor();
    await findings.getByRole('link', { name: 'CVE-2026-1111' }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('critical, by CVSS 3').waitFor();
    await drawer.getByText('Others: the ecosystem (GHSA and others) low').waitFor();
    await drawer.getByText('(FIRST, 2026-01-06)').waitFor();
    const ratings = drawer.getByRole('table', { name: 'Ratings' });
    await ratings.getByRole('row').filter({ hasText: '9.8' }).getByText('counts').waitFor();
    // The one that asked who is signed in before anybody was.
    expect(browser.faults.filter((fault) => !fault.includes('a status of 401'))).toEqual([]);
  });
});
