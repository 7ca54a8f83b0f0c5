import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedAlpineFindings } from '../src/testing/expected-alpine-findings.ts';
import { buildLayer } from '../src/testing/samples/build-image.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram, sharedFolder } from './clients.ts';
import { type ConsoleBrowser, openConsoleBrowser } from './console-browser.ts';
import { hostileName, hostileVersion, writeConsoleMirror, writeExploitLists } from './console-mirror.ts';
import { holdScans } from './hold-scans.ts';
import { pullWithSkopeo, pushWithSkopeo, realImage } from './real-images.ts';
import { adminPassword, projectRoot, type ServerProcess, startServerProcess } from './server-process.ts';
import { type StaticMirror, serveFolder } from './static-mirror.ts';

const shared = sharedFolder();
const unavailable = shared === undefined || !['skopeo', 'chromium'].every(hasProgram);
const screenshot = join(projectRoot, 'docs/images/report.png');

// Skipped where the real data, skopeo or Chromium is missing; with CI=true their absence is a failure.
describe.skipIf(unavailable)('the console in a real browser', () => {
  const data = shared ?? '';
  const mirrorFolder = mkdtempSync(join(tmpdir(), 'pratique-console-mirror-'));
  let mirror: StaticMirror;
  let server: ServerProcess;
  let api: ApiClient;
  let browser: ConsoleBrowser;
  let page: Page;

  const table = (name: string) => page.getByRole('table', { name });
  const openTab = (name: string) => page.getByRole('tab', { name }).click();
  const pull = (name: string) => pullWithSkopeo(`docker://${server.host}/${name}`);

  beforeAll(async () => {
    writeConsoleMirror(mirrorFolder, data);
    const lists = writeExploitLists(mirrorFolder, data);
    mirror = await serveFolder(mirrorFolder);
    server = await startServerProcess({
      environment: {
        PRATIQUE_ADVISORIES: mirror.url,
        PRATIQUE_KEV: `file:${lists.kev}`,
        PRATIQUE_EPSS: `file:${lists.epss}`,
      },
    });
    api = new ApiClient(server.url);
    await api.syncAdvisories(['Alpine', 'npm', 'CVE', 'KEV', 'EPSS']);
    browser = await openConsoleBrowser();
    page = browser.page;
  });

  afterAll(async () => {
    await browser?.close();
    expect(await server?.stop()).toBe(0);
    server?.clean();
    await mirror?.close();
    rmSync(mirrorFolder, { recursive: true, force: true });
  });

  it('asks for a name and password, and says when they are wrong', async () => {
    await page.goto(`${server.url}/namespaces`);
    await page.getByLabel('Username').fill('admin');
    const password = page.getByRole('textbox', { name: 'Password' });
    await password.fill('not-the-password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Name or password is wrong').waitFor();
    await password.fill(adminPassword);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Namespaces', exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/namespaces');
  });

  it('creates a namespace, and reloads its page although its name has a dot', async () => {
    await page.getByRole('button', { name: 'Create namespace' }).click();
    await page.getByLabel('Name', { exact: true }).fill('my.team');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    const empty = page.getByRole('heading', { name: 'There are no images in my.team yet.' });
    await empty.waitFor();
    await page.reload();
    await empty.waitFor();
  });

  it('shows an image being scanned, layer by layer, and its result without a reload', async () => {
    const [base] = realImage(data, 'alpine-3.6.2');
    if (base === undefined) throw new Error('No base image');
    const models = ['a', 'b', 'c'].map((name) =>
      Buffer.from(buildLayer({ [`srv/models/${name}`]: name }).bytes),
    );
    const row = table('Images').getByRole('row').filter({ hasText: 'models:1' });
    const goOn = await holdScans(server.dataFolder);
    try {
      await pushWithSkopeo(server, 'my.team/models:1', [{ ...base, layers: [...base.layers, ...models] }]);
      await page.reload();
      await row.getByText(/^Scanning/).waitFor();
      await row.getByRole('progressbar', { name: 'Scan progress' }).waitFor();
    } finally {
      await goOn();
    }
    await row.getByText('Scanned, with doubts').waitFor();
    expect(await row.getByRole('progressbar').count()).toBe(0);
  });

  it('lists what was pushed with its findings, and opens the report', async () => {
    await pushWithSkopeo(server, 'my.team/alpine:3.4.0', realImage(data, 'alpine-3.4.0'));
    const row = table('Images').getByRole('row').filter({ hasText: 'alpine:3.4.0' });
    await row.getByText('Scanned, with doubts').waitFor();
    await row.getByText('Served').waitFor();
    await row.getByRole('link', { name: 'alpine:3.4.0' }).click();
    const known = expectedAlpineFindings['3.4.0'].length;
    await page
      .getByRole('heading', { level: 1, name: `alpine:3.4.0 is served with ${known} vulnerabilities` })
      .waitFor();
    await page.getByText('Support of Alpine Linux v3.4 ended on 2018-05-01').first().waitFor();
  });

  it('filters and searches the findings; the filters are in the address', async () => {
    const shown = () => table('Findings').getByRole('link').allInnerTexts();
    const expected = (wanted: (finding: { id: string; package: string }) => boolean) =>
      expectedAlpineFindings['3.4.0'].filter(wanted).map(({ id }) => id);
    await expect.poll(async () => (await shown()).sort()).toEqual(expected(() => true).sort());
    await page.getByLabel('Search findings').fill('zlib');
    await expect
      .poll(async () => (await shown()).sort())
      .toEqual(expected((finding) => finding.package === 'zlib').sort());
    expect(page.url()).toContain('q=zlib');
    await page.reload();
    await expect.poll(async () => (await shown()).length).toBe(4);
    await page.getByLabel('Search findings').fill('');
    await page.getByLabel('Severity', { exact: true }).selectOption('critical');
    await page.getByRole('switch', { name: 'Only with a fix' }).click();
    await expect.poll(async () => (await shown()).length).toBe(6);
    await page.getByLabel('Severity', { exact: true }).selectOption({ index: 0 });
    await page.getByRole('switch', { name: 'Only with a fix' }).click();
  });

  it('opens a finding beside the list, under an address of its own, with links to public pages', async () => {
    const reportUrl = page.url();
    await table('Findings').getByRole('link', { name: 'CVE-2016-9841' }).first().click();
    const drawer = page.getByRole('dialog');
    await drawer.getByRole('table', { name: 'Ratings' }).waitFor();
    expect(page.url()).toContain('finding=CVE-2016-9841');
    await page.reload();
    await drawer.getByText('Why it matched').waitFor();
    await drawer
      .getByText('ALPINE-CVE-2016-9841 of Alpine:v3.4: zlib, all versions, fixed in 1.2.11-r0')
      .waitFor();
    await drawer.getByText('1.2.11-r0').first().waitFor();
    const publicPage = drawer.getByRole('link', { name: 'NVD: CVE-2016-9841' });
    expect(await publicPage.getAttribute('href')).toBe('https://nvd.nist.gov/vuln/detail/CVE-2016-9841');
    expect(await publicPage.getAttribute('rel')).toContain('noopener');
    await page.getByRole('button', { name: 'Close finding' }).click();
    await drawer.waitFor({ state: 'hidden' });
    expect(page.url()).toBe(reportUrl);
    await page.goto(`${reportUrl}?finding=CVE-2016-9841`);
    await drawer.getByText('1.2.11-r0').first().waitFor();
    await page.getByRole('button', { name: 'Close finding' }).click();
    await drawer.waitFor({ state: 'hidden' });
  });

  it('shows packages, build history and details', async () => {
    await openTab('Packages');
    await table('Packages').getByText('libcrypto1.0').first().waitFor();
    await openTab('Build history');
    await table('Build history').getByText('ADD rootfs.tar.gz').waitFor();
    await openTab('Details');
    await page
      .getByText(/^sha256:[0-9a-f]{64}$/)
      .first()
      .waitFor();
    await openTab('Findings');
  });

  it('previews blocking before it acts, and then the pull is refused with the reason', async () => {
    expect(await pull('my.team/alpine:3.4.0')).toMatchObject({ code: 0 });
    await page.goto(`${server.url}/namespaces/my.team?tab=policy`);
    await page.getByRole('switch', { name: 'Blocking' }).click();
    await page.getByText('Would refuse 2 of 2 images').waitFor();
    expect(await pull('my.team/alpine:3.4.0'), 'a preview must not act').toMatchObject({ code: 0 });
    await page.getByRole('button', { name: 'Save policy' }).click();
    await page.getByText('Saved: this is what acts on pulls now.').waitFor();
    const refused = await pull('my.team/alpine:3.4.0');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('CVE-2016-9841 (critical) in zlib 1.2.8-r2, fixed in 1.2.11-r0');
    expect(refused.stderr).toContain('/images/');
  });

  it('gives the refusal, the reasons and what to do at the top of the report', async () => {
    await openTab('Images');
    const row = table('Images').getByRole('row').filter({ hasText: 'alpine:3.4.0' });
    await row.getByText('Refused').waitFor();
    await row.getByRole('link', { name: 'alpine:3.4.0' }).click();
    await page.getByRole('heading', { level: 1, name: /alpine:3\.4\.0 is refused/ }).waitFor();
    await page.getByRole('region', { name: 'Reasons' }).getByText('CVE-').first().waitFor();
    await page.getByRole('region', { name: 'What to do' }).getByText('Upgrade').first().waitFor();
    await table('Findings').getByRole('link').first().waitFor();
    if (process.env['UPDATE_SCREENSHOT'] === '1') await takeScreenshot(page);
  });

  it('names ids that are none, and serves the image once its ids are allowed', async () => {
    await page.getByRole('link', { name: 'allow these ids' }).click();
    const ids = page.getByLabel('Ids', { exact: true });
    await ids.waitFor();
    expect(await ids.inputValue()).toContain('CVE-2016-');
    await ids.fill('nonsense!!, CVE-2016-9841');
    await page.getByLabel('Reason').fill('accepted until the base image is replaced');
    await page.getByLabel('Expires on').fill('2099-12-31');
    await page.getByRole('button', { name: 'Add to allowlist' }).click();
    await page.getByRole('alert').filter({ hasText: 'nonsense!!' }).first().waitFor();
    await ids.fill([...new Set(expectedAlpineFindings['3.4.0'].map(({ id }) => id))].join(', '));
    await page.getByRole('button', { name: 'Add to allowlist' }).click();
    await table('Allowlist').getByText('CVE-2016-9841').waitFor();
    expect(await pull('my.team/alpine:3.4.0')).toMatchObject({ code: 0 });
    await openTab('Images');
    const row = table('Images').getByRole('row').filter({ hasText: 'alpine:3.4.0' });
    await row.getByText('Refused').waitFor({ state: 'detached' });
  });

  it('makes tags immutable: another image is refused, and so is the deletion of the tag', async () => {
    await openTab('Immutability');
    await page.getByText('Custom patterns').click();
    await page.getByLabel('Tags pattern').fill('3.*');
    await page.getByText(/Would hold 1 of \d existing/).waitFor();
    await page.getByText('Every tag except latest').click();
    await page.getByRole('button', { name: 'Add rule' }).click();
    await table('Immutability rules').getByRole('row').nth(1).waitFor();
    await expect(
      pushWithSkopeo(server, 'my.team/alpine:3.4.0', realImage(data, 'alpine-3.6.2')),
    ).rejects.toThrow(/immutable/);
    await openTab('Images');
    await table('Images').getByRole('link', { name: 'alpine:3.4.0' }).click();
    await deleteTag(page, '3.4.0');
    await page.getByRole('alert').filter({ hasText: 'immutable' }).first().waitFor();
    await page.getByRole('button', { name: 'Keep it' }).click();
  });

  it('deletes a tag that may be deleted, once its name is typed', async () => {
    await pushWithSkopeo(server, 'my.team/alpine:latest', realImage(data, 'alpine-3.4.0'));
    await page.reload();
    await deleteTag(page, 'latest');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Delete tag latest' }).waitFor({ state: 'detached' });
    expect((await pull('my.team/alpine:latest')).code).not.toBe(0);
  });

  it('shows hostile text of images and feeds as text', async () => {
    const files = (version: string) => JSON.stringify({ name: hostileName, version });
    const layer = buildLayer({
      [`srv/node_modules/${hostileName}/package.json`]: files('1.0.0'),
      [`opt/node_modules/${hostileName}/package.json`]: files(hostileVersion),
    });
    const layers = [...(realImage(data, 'alpine-3.6.2')[0]?.layers ?? []), Buffer.from(layer.bytes)];
    const commands = ['ADD /', 'RUN <script>alert("history")</script> \u001b[2J\u202e'];
    await pushWithSkopeo(server, 'my.team/hostile:1', [{ architecture: 'amd64', layers, commands }]);
    await page.goto(`${server.url}/images?q=hostile`);
    const row = table('Images').getByRole('row').filter({ hasText: 'hostile:1' });
    await row.getByText('Scanned, with doubts').waitFor();
    await row.getByRole('link').first().click();
    await table('Findings').getByText(hostileName).first().waitFor();
    await openTab('Packages');
    await table('Packages').getByText(hostileName).first().waitFor();
    await table('Packages').getByText('<b>bold').first().waitFor();
    await openTab('Build history');
    await table('Build history').getByText('<script>alert("history")</script>').waitFor();
    await page.goto(`${server.url}/vulnerabilities/CVE-2026-99999`);
    await page.getByText('<script>alert("summary")</script>').first().waitFor();
    await page.getByText('<img src=hostile-details').first().waitFor();
    expect(await page.locator('a[href^="javascript:" i]').count()).toBe(0);
    expect(await page.locator('main img, main b, main script').count()).toBe(0);
  });

  it('says that the list of ecosystems is gone, without making a feed of it', async () => {
    await page.goto(`${server.url}/advisories`);
    await page.getByRole('heading', { level: 1, name: 'All 5 feeds are up to date.' }).waitFor();
    await table('Feeds').getByText('Alpine').waitFor();
    rmSync(join(mirrorFolder, 'ecosystems.txt'));
    await page.getByRole('button', { name: 'Read feeds now' }).click();
    await page.getByText("The mirror's list of ecosystems could not be read").waitFor();
    expect(await table('Feeds').getByText('ecosystems.txt', { exact: true }).count()).toBe(0);
  });

  it('signs out, and shows nothing any more', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Username').waitFor();
    await page.goto(`${server.url}/images`);
    await page.getByLabel('Username').waitFor();
  });

  it('offers a developer what the role allows, and nothing that deletes or configures', async () => {
    await api.call('POST', '/users', { name: 'dora', password: 'dora-password-1' });
    await api.call('PUT', '/namespaces/my.team/members/dora', { role: 'developer' });
    await page.getByLabel('Username').fill('dora');
    await page.getByRole('textbox', { name: 'Password' }).fill('dora-password-1');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await table('Images').getByRole('link', { name: 'alpine:3.4.0' }).click();
    await openTab('Details');
    await page.getByRole('list', { name: 'Tags' }).getByText('3.4.0').waitFor();
    expect(await page.getByRole('button', { name: /^Delete tag/ }).count()).toBe(0);
    await page.goto(`${server.url}/namespaces/my.team?tab=policy`);
    await page.getByText('Only an admin of this namespace can change its policy.').waitFor();
    expect(await page.getByRole('switch', { name: 'Blocking' }).isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Save policy' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Username').waitFor();
  });

  it('takes its colours from the system: dark', async () => {
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(background).not.toBe(light);
  });

  it('had no error in the whole story and asked nobody but its own server', () => {
    // Chromium reports refused calls as errors: nobody signed in, the ids that are none, the immutable tag.
    const refusal = /Failed to load resource: the server responded with a status of (401|400|409) /;
    expect(browser.faults.filter((fault) => !refusal.test(fault))).toEqual([]);
    const count = (status: number) =>
      browser.faults.filter((fault) => fault.includes(`of ${status} `)).length;
    expect({ badRequests: count(400), conflicts: count(409) }).toEqual({ badRequests: 1, conflicts: 1 });
    expect(browser.requests.length).toBeGreaterThan(50);
    const foreign = browser.requests.filter(
      (url) => !url.startsWith(`${server.url}/`) && !/^data:/.test(url),
    );
    expect(foreign).toEqual([]);
    expect(browser.requests.filter((url) => url.includes('hostile-'))).toEqual([]);
  });
});

/** Opens the details of the image, and deletes the tag by typing its name. */
async function deleteTag(page: Page, tag: string): Promise<void> {
  await page.getByRole('tab', { name: 'Details' }).click();
  await page.getByRole('button', { name: `Delete tag ${tag}` }).click();
  const dialog = page.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name: 'Delete tag' });
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByLabel(`Type ${tag} to go on`).fill(tag);
  await confirm.click();
}

/** The picture of the README; notes that come and go are waited for. */
async function takeScreenshot(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  await page.waitForTimeout(1000);
  await page.screenshot({ path: screenshot });
}
