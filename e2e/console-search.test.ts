import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { buildLayer } from '../src/testing/samples/build-image.ts';
import { StaticMirror } from '../src/testing/static-mirror.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram } from './clients.ts';
import { type ConsoleBrowser, openConsoleBrowser } from './console-browser.ts';
import { pushWithSkopeo } from './real-images.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const modified = '2026-01-02T03:04:05Z';

/** A flaw of an npm package before a version. */
function record(number: number, name: string, fixed: string, severity: string) {
  return {
    schema_version: '1.7.0',
    id: `GHSA-2222-3333-${number}`,
    modified,
    aliases: [`CVE-2026-${number}`],
    summary: `A flaw of ${name}`,
    database_specific: { severity },
    affected: [
      {
        package: { ecosystem: 'npm', name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
  };
}

const records = [
  record(3333, 'gizmo', '1.5.0', 'CRITICAL'),
  record(4444, 'gizmo', '2.0.0', 'HIGH'),
  record(5555, 'widget', '3.0.0', 'LOW'),
];

/** A layer with these npm packages. */
function layerOf(packages: Readonly<Record<string, string>>): Buffer {
  const files = Object.entries(packages).map(([name, version]) => [
    `srv/node_modules/${name}/package.json`,
    JSON.stringify({ name, version }),
  ]);
  return Buffer.from(buildLayer(Object.fromEntries(files)).bytes);
}

const images = {
  'shop:1': { gizmo: '1.4.0', plain: '1.0.0', 'old-thing': '1.0.0' },
  'shop:2': { gizmo: '1.9.0', widget: '2.0.0', plain: '1.0.0' },
  'other:1': { gizmo: 'not-a-version' },
} as const;

const unavailable = !['skopeo', 'chromium'].every(hasProgram);

describe.skipIf(unavailable)('search and comparison in the console', () => {
  const mirror = new StaticMirror();
  let root = '';
  let server: ServerProcess;
  let browser: ConsoleBrowser;
  let page: Page;

  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
  const rows = (table: string) => page.getByRole('table', { name: table }).locator('tbody').getByRole('row');
  const picture = (name: string) => browser.picture(name);
  const search = async (text: string) => {
    await page.keyboard.press('Control+k');
    await page.getByRole('searchbox', { name: 'Search everything' }).fill(text);
    await page.keyboard.press('Enter');
  };

  beforeAll(async () => {
    root = await mirror.start();
    mirror.set('/ecosystems.txt', 'npm\n');
    mirror.setFolder('npm', records);
    server = await startServerProcess({ environment: { PRATIQUE_ADVISORIES: root } });
    const api = new ApiClient(server.url);
    await api.syncAdvisories(['npm']);
    await api.call('POST', '/namespaces', { name: 'team', autoScan: true });
    for (const [name, packages] of Object.entries(images)) {
      const layers = [layerOf(packages)];
      await pushWithSkopeo(server, `team/${name}`, [{ architecture: 'amd64', layers, commands: ['ADD /'] }]);
    }
    browser = await openConsoleBrowser();
    page = browser.page;
    await browser.signIn(`${server.url}/images`);
    await rows('Images')
      .getByText(/^(Scanned|Could not tell)/)
      .nth(2)
      .waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    expect(await server?.stop()).toBe(0);
    server?.clean();
    await mirror.stop();
  });

  it('finds by a range from any page, and lists apart what cannot be compared', async () => {
    await search('gizmo <1.9');
    await heading('1 image holds 1 package of gizmo <1.9.');
    await expect.poll(() => rows('Images').count()).toBe(1);
    await page.getByText('2 unique vulnerabilities, 1 affected image').waitFor();
    await picture('search-images');
    await page.getByRole('tab', { name: /^Packages/ }).click();
    await expect.poll(() => rows('Packages').allInnerTexts()).toEqual([expect.stringContaining('1.4.0')]);
    await page.getByRole('tab', { name: /^Cannot be compared/ }).click();
    await expect
      .poll(() => rows('Packages').allInnerTexts())
      .toEqual([expect.stringContaining('not-a-version')]);
    await picture('search-packages');
    await page.goBack();
    await page.getByRole('tab', { name: /^Packages/, selected: true }).waitFor();
  });

  it('finds by any alias, and leads to what is known of it', async () => {
    await search('ghsa-2222-3333-4444');
    await heading('2 images have ghsa-2222-3333-4444.');
    await picture('search-vulnerability');
    await page.getByRole('link', { name: 'CVE-2026-4444' }).first().click();
    await heading('3 images have CVE-2026-4444.');
  });

  it('says why something cannot be searched for, and how to', async () => {
    await search('pkg:npm');
    await page.getByText('the package URL "pkg:npm" cannot be read').waitFor();
    await picture('search-refused');
    await page.getByRole('link', { name: '*log4j*' }).click();
    await heading('No image here holds *log4j*.');
  });

  it('lists open vulnerabilities once, with the images of each', async () => {
    await page
      .getByRole('navigation', { name: 'Console' })
      .getByRole('link', { name: 'Vulnerabilities' })
      .click();
    await heading('3 open vulnerabilities, each counted once');
    await expect
      .poll(() => rows('Vulnerabilities').getByRole('link').allInnerTexts())
      .toEqual(['CVE-2026-3333', '2', 'CVE-2026-4444', '3', 'CVE-2026-5555', '1']);
    await picture('vulnerabilities');
    await page.getByRole('combobox', { name: 'Severity' }).selectOption('high');
    await expect.poll(() => rows('Vulnerabilities').count()).toBe(1);
  });

  it('compares an image with the one before', async () => {
    await search('pkg:npm/widget');
    await rows('Images').getByRole('link', { name: 'team/shop:2' }).click();
    await page.getByRole('link', { name: 'Compare with…' }).click();
    await heading('1 finding added and 1 fixed since team/shop:1.');
    await expect
      .poll(() => rows('Findings').allInnerTexts())
      .toEqual([expect.stringContaining('CVE-2026-5555')]);
    await picture('comparison-added');
    await page.getByRole('tab', { name: /^Fixed/ }).click();
    await expect
      .poll(() => rows('Findings').allInnerTexts())
      .toEqual([expect.stringContaining('CVE-2026-3333')]);
    await page.getByRole('tab', { name: /^Unchanged/ }).click();
    await expect
      .poll(() => rows('Findings').allInnerTexts())
      .toEqual([expect.stringContaining('1.4.0 → 1.9.0')]);
    await page.getByRole('tab', { name: /^Packages/ }).click();
    await expect.poll(() => rows('Packages').count()).toBe(3);
    await picture('comparison-packages');
  });

  it('compares an image with one of another repository', async () => {
    await search('pkg:npm/gizmo@not-a-version');
    await page.getByRole('tab', { name: /^Packages/ }).click();
    await rows('Packages').getByRole('link').click();
    await rows('Images').getByRole('link', { name: 'team/other:1' }).click();
    await page.getByRole('link', { name: 'Compare with…' }).click();
    await heading('What is team/other:1 to be compared with?');
    await page.getByText('Nothing was pushed to team/other before team/other:1').waitFor();
    await picture('comparison-none');
    const choice = page.getByRole('combobox', { name: 'Compare with' });
    await choice.fill('shop:1');
    await page.getByRole('option', { name: 'team/shop:1' }).click();
    await heading(/ since team\/shop:1\b/);
    await choice.click();
    await choice.fill('shop');
    await page.getByRole('option', { name: 'team/shop:2' }).click();
    await heading(/ since team\/shop:2\b/);
  });

  it('goes by keys: to a place, through rows, and to the list of keys', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('v');
    await heading('3 open vulnerabilities, each counted once');
    await rows('Vulnerabilities').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await heading('3 images have CVE-2026-4444.');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('Search everything').waitFor();
    await picture('keys');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await heading('3 images have CVE-2026-4444.');
    await page.goBack();
    await page.goBack();
    await heading(/ since team\/shop:2\b/);
  });

  it('fits a narrow screen', async () => {
    const comparison = page.url();
    await page.setViewportSize({ width: 390, height: 844 });
    const paths = ['/', '/images/1', '/vulnerabilities', '/advisories'];
    const inNamespace = ['policy', 'webhooks'].map((tab) => `/namespaces/team?tab=${tab}`);
    const widths = new Map<string, number>();
    for (const path of [...paths, ...inNamespace, comparison.slice(server.url.length)]) {
      await page.goto(`${server.url}${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await expect.poll(() => page.locator('[aria-busy="true"], .mantine-Skeleton-root').count()).toBe(0);
      widths.set(path, await page.evaluate<number>('document.documentElement.scrollWidth'));
    }
    expect([...widths].filter(([, width]) => width > 390)).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('had no error that was not asked for', () => {
    // The visit before signing in, the search that is none, and the image with nothing before it.
    expect(browser.faults.filter((fault) => !/status of 40[014]/.test(fault))).toEqual([]);
  });

  it('is the same at the command line', async () => {
    const run = (...args: string[]) =>
      runCli(args, {
        environment: { PRATIQUE_DATA: server.dataFolder, PRATIQUE_ADVISORIES: root },
      });
    const found = await run('search', 'gizmo <1.9', '--json');
    expect(found).toMatchObject({ code: 0, errors: '' });
    expect(JSON.parse(found.output)).toMatchObject({
      kind: 'package',
      vulnerabilities: ['CVE-2026-3333', 'CVE-2026-4444'],
      packages: { count: 1, items: [{ purl: 'pkg:npm/gizmo@1.4.0', imageCount: 1 }] },
      incomparable: { count: 1, items: [{ version: 'not-a-version' }] },
      images: { count: 1, affected: 1, items: [{ image: 'team/shop', tags: ['1'] }] },
    });
    expect(await run('search', 'pkg:npm')).toMatchObject({
      code: 3,
      errors: expect.stringContaining('Cannot search for "pkg:npm"'),
    });
    const compared = await run('compare', 'team/shop:1', 'team/shop:2', '--fail-on-added', 'low');
    expect(compared).toMatchObject({
      code: 1,
      output: expect.stringContaining('1 added, 1 fixed, 1 unchanged'),
    });
    const back = await run('compare', 'team/shop:2', 'team/shop:1', '--json', '--fail-on-added', 'critical');
    expect(back.code).toBe(1);
    expect(JSON.parse(back.output)).toMatchObject({
      after: { name: 'team/shop:1', doubts: [] },
      packages: expect.arrayContaining([expect.objectContaining({ name: 'gizmo', change: 'downgraded' })]),
    });
    // Of a version that cannot be compared nobody knows whether the newer image fixes anything.
    expect((await run('compare', 'team/other:1', 'team/shop:2')).code).toBe(2);
  });
});
