import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { buildLayer } from '../src/testing/samples/build-image.ts';
import { type MirrorRecord, StaticMirror } from '../src/testing/static-mirror.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram } from './clients.ts';
import { type ConsoleBrowser, openConsoleBrowser } from './console-browser.ts';
import { pushWithSkopeo } from './real-images.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

function record(number: number, more: Readonly<Record<string, unknown>> = {}): MirrorRecord {
  return {
    id: `GHSA-2222-3333-${number}`,
    modified: '2026-01-02T03:04:05Z',
    aliases: [`CVE-2026-${number}`],
    summary: `Flaw ${number}`,
    database_specific: { severity: 'HIGH' },
    affected: [
      {
        package: { ecosystem: 'npm', name: `package-${number}` },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
      },
    ],
    ...more,
  };
}

const records = Array.from({ length: 20 }, (_, index) => record(1_000 + index));
const exploited = { cveID: 'CVE-2026-1000', dateAdded: '2026-01-05', dueDate: '2026-01-26' };
const catalogue = { dateReleased: new Date().toISOString(), count: 1, vulnerabilities: [exploited] };
const unavailable = !['skopeo', 'chromium'].every(hasProgram);

describe.skipIf(unavailable)('the page of the feeds', () => {
  const mirror = new StaticMirror();
  let server: ServerProcess;
  let api: ApiClient;
  let browser: ConsoleBrowser;
  let page: Page;

  const updatesOf = (feed: string) =>
    page.getByRole('table', { name: 'Updates' }).getByRole('row').filter({ hasText: feed });
  const feedRow = (feed: string) =>
    page.getByRole('table', { name: 'Feeds' }).getByRole('row').filter({ hasText: feed });

  const takePicture = (name: string) => browser.picture(name);

  beforeAll(async () => {
    const root = await mirror.start();
    mirror.set('/ecosystems.txt', 'npm\n');
    mirror.setFolder('npm', records);
    mirror.set('/kev.json', JSON.stringify(catalogue));
    mirror.set('/epss.csv', (_request, response) => response.writeHead(503).end());
    server = await startServerProcess({
      environment: {
        PRATIQUE_ADVISORIES: `http://127.0.0.1:9,${root}`,
        PRATIQUE_KEV: `http://127.0.0.1:9/kev.json,${root}/kev.json`,
        PRATIQUE_EPSS: `${root}/epss.csv`,
      },
    });
    api = new ApiClient(server.url);
    await api.syncAdvisories(['npm', 'KEV']);
    await api.call('POST', '/namespaces', { name: 'team', autoScan: true });
    const files = {
      'srv/node_modules/package-1000/package.json': '{"name":"package-1000","version":"1.0.0"}',
    };
    const layers = [Buffer.from(buildLayer(files).bytes)];
    await pushWithSkopeo(server, 'team/app:1', [{ architecture: 'amd64', layers, commands: ['ADD /'] }]);
    browser = await openConsoleBrowser();
    page = browser.page;
    await browser.signIn(`${server.url}/images`);
  });

  afterAll(async () => {
    await browser?.close();
    expect(await server?.stop()).toBe(0);
    server?.clean();
    await mirror.stop();
  });

  it('shows of a report which versions of the feeds it is of', async () => {
    const images = page.getByRole('table', { name: 'Images' });
    await images.getByRole('row').filter({ hasText: 'app:1' }).getByText('Scanned').waitFor();
    await images.getByRole('link', { name: 'app:1' }).click();
    await page.getByRole('link', { name: 'CVE-2026-1000' }).first().waitFor();
    await page.getByRole('tab', { name: 'Details' }).click();
    const judgedWith = page.getByRole('list', { name: 'Judged with' });
    await judgedWith.getByText('npm version 1 of').waitFor();
    await judgedWith.getByText('EPSS never read').waitFor();
  });

  it('shows the first updates, from the second place where the first does not answer', async () => {
    await page.goto(`${server.url}/advisories`);
    await page.getByRole('heading', { level: 1, name: '1 of 3 feeds cannot be relied on.' }).waitFor();
    await feedRow('npm').getByText('Up to date').waitFor();
    await feedRow('EPSS').getByText('Failed').waitFor();
    await updatesOf('npm').getByText('0 → 1').waitFor();
    await updatesOf('EPSS').getByText('Not reached').waitFor();
  });

  it('shows what an update changed: a withdrawn record takes its finding away', async () => {
    const later = { modified: '2026-02-01T00:00:00Z' };
    mirror.setFolder('npm', [
      record(1_000, { ...later, withdrawn: '2026-02-01T00:00:00Z' }),
      record(1_001, { ...later, summary: 'said otherwise' }),
      ...records.slice(2, 19),
      record(2_000, later),
    ]);
    await page.getByRole('button', { name: 'Read feeds now' }).click();
    const newest = updatesOf('npm').first();
    await newest.getByText('1 → 2').waitFor();
    await newest.getByText('+0 −1').waitFor();
    const cells = await newest.getByRole('cell').allInnerTexts();
    // New, changed, withdrawn, gone, packages, findings, images.
    expect(cells.slice(4, 11)).toEqual(['1', '1', '1', '1', '1', '+0 −1', '1']);
  });

  it('tells on an image what the update changed for it', async () => {
    await page.goto(`${server.url}/images/1?tab=changes`);
    const changes = page.getByRole('table', { name: 'Changes' });
    const row = changes.getByRole('row').filter({ hasText: 'CVE-2026-1000' });
    await row.getByText('No longer reported').waitFor();
    await row.getByText('package-1000').waitFor();
    await takePicture('changes');
    await row.getByRole('link', { name: 'CVE-2026-1000' }).click();
    await page.getByRole('dialog').getByText('This image does not have this finding (any more)').waitFor();
    await page.getByRole('button', { name: 'Close finding' }).click();
    await page.getByLabel('Change', { exact: true }).selectOption('New');
    await page.getByText('No change matches this filter').waitFor();
    expect(page.url()).toContain('change=added');
    await page.goto(`${server.url}/advisories`);
  });

  it('shows what was refused, with the last good version in force', async () => {
    mirror.set('/npm/modified_id.csv', '<html>Please sign in</html>');
    await page.getByRole('button', { name: 'Read feeds now' }).click();
    await updatesOf('npm').filter({ hasText: 'Refused' }).waitFor();
    await feedRow('npm').getByText('Failed').waitFor();
    await feedRow('npm').getByRole('link', { name: 'npm' }).click();
    expect(page.url()).toContain('feed=npm');
    await expect.poll(() => updatesOf('npm').count()).toBe(3);
    expect(await updatesOf('KEV').count()).toBe(0);
    expect(await page.getByLabel('Updates of').inputValue()).toBe('npm');
    await takePicture('feeds');
    await page.emulateMedia({ colorScheme: 'dark' });
    await takePicture('feeds-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(1440);
    await page.getByLabel('Updates of').selectOption('');
    await updatesOf('KEV').waitFor();
  });

  it('shows the last bundle: its version, its key, and where it was imported from', async () => {
    const advisories = async (...args: string[]) => {
      const run = await runCli(['advisories', ...args], {
        environment: { PRATIQUE_DATA: server.dataFolder },
      });
      expect(run, run.errors).toMatchObject({ code: 0 });
      return run.output.trim();
    };
    const [key, file] = [join(server.dataFolder, 'key.pem'), join(server.dataFolder, 'bundle.tar')];
    const publicKey = await advisories('keygen', key);
    await advisories('export', '--key', key, file);
    await advisories('import', '--key', publicKey, file);
    const bundle = page.getByRole('region', { name: 'Last bundle' });
    await bundle.getByText('Version 1').waitFor();
    await bundle.getByText(file).waitFor();
    await takePicture('bundle');
  });

  it('had no error in the whole story', () => {
    const refusal = /Failed to load resource: the server responded with a status of 401 /;
    expect(browser.faults.filter((fault) => !refusal.test(fault))).toEqual([]);
  });
});
