import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { buildLayer } from '../src/testing/samples/build-image.ts';
import { alpineRecord } from '../src/testing/samples/osv-fixtures.ts';
import { alpineFiles } from '../src/testing/samples/small-feed.ts';
import { StaticMirror } from '../src/testing/static-mirror.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram } from './clients.ts';
import { type ConsoleBrowser, openConsoleBrowser } from './console-browser.ts';
import { type LayoutImage, writeOciLayout } from './oci-layout.ts';
import { pushWithSkopeo } from './real-images.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const unavailable = !['skopeo', 'chromium'].every(hasProgram);

const modified = '2026-01-02T03:04:05Z';
const records = [
  alpineRecord({ number: 1001, name: 'musl', fixed: '1.1.16-r11', modified }),
  alpineRecord({ number: 1002, name: 'zlib', fixed: '1.2.11-r0', modified }),
  alpineRecord({ number: 1003, name: 'curl', fixed: '7.55.0-r0', modified }),
];

const installed = { musl: '1.1.16-r10', zlib: '1.2.8-r0' };
const layerOf = (packages: Readonly<Record<string, string>>) => buildLayer(alpineFiles(packages)).bytes;
const imageOf = (...layers: readonly Buffer[]): readonly LayoutImage[] => [
  { architecture: 'amd64', layers, commands: ['ADD alpine', 'RUN apk add curl'] },
];
const system = layerOf(installed);
const app = imageOf(system, layerOf({ ...installed, curl: '7.50.0-r0' }));

// Skipped where skopeo or Chromium is missing; with CI=true their absence is a failure.
describe.skipIf(unavailable)('base images in the console and on the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-base-images-'));
  const mirror = new StaticMirror();
  let root = '';
  let server: ServerProcess;
  let api: ApiClient;
  let browser: ConsoleBrowser;
  let page: Page;

  beforeAll(async () => {
    root = await mirror.start();
    mirror.set('/ecosystems.txt', 'Alpine\n');
    mirror.setFolder('Alpine', records);
    const silent = 'file:/nonexistent';
    server = await startServerProcess({
      environment: { PRATIQUE_ADVISORIES: root, PRATIQUE_KEV: silent, PRATIQUE_EPSS: silent },
    });
    api = new ApiClient(server.url);
    await api.syncAdvisories(['Alpine']);
    await api.call('POST', '/namespaces', { name: 'team' });
    await pushWithSkopeo(server, 'team/alpine:3.6', imageOf(system));
    await pushWithSkopeo(server, 'team/app:1', app);
    await api.scannedImage('team', 'alpine', '3.6');
    browser = await openConsoleBrowser();
    page = browser.page;
    await browser.signIn(`${server.url}/images`);
    await page.getByRole('table', { name: 'Images' }).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    server?.clean();
    await mirror.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ids = () => page.getByRole('table', { name: 'Findings' }).getByRole('link').allInnerTexts();

  it('the report names the base and counts what came with it; the counts lead to their rows', async () => {
    const { id } = await api.scannedImage('team', 'app', '1');
    await page.goto(`${server.url}/images/${id}`);
    const panel = page.getByRole('region', { name: 'Base image' });
    await panel.getByRole('link', { name: 'team/alpine:3.6' }).waitFor();
    await panel.getByText('Came with the base, layer 1').waitFor();
    await panel.getByText('Its own, layer 2').waitFor();
    await expect.poll(ids).toHaveLength(3);
    await panel.getByRole('link', { name: '1 finding', exact: true }).click();
    await expect.poll(ids).toEqual(['CVE-2024-1003']);
    expect(new URL(page.url()).searchParams.get('from')).toBe('own');
    await page.getByLabel('Layers').selectOption({ label: 'Base layers only' });
    await expect.poll(async () => (await ids()).sort()).toEqual(['CVE-2024-1001', 'CVE-2024-1002']);
    await page.getByRole('tab', { name: 'Build history' }).click();
    const rows = page.getByRole('table', { name: 'Build history' }).getByRole('row');
    await rows.filter({ hasText: 'ADD alpine' }).getByText('base').waitFor();
    expect(await rows.filter({ hasText: 'apk add curl' }).getByText('base').count()).toBe(0);
  });

  it('a newer image of the base’s line is advised once it is scanned', async () => {
    expect(await page.getByText('Rebuild on the newer').count()).toBe(0);
    await pushWithSkopeo(server, 'team/alpine:3.6', imageOf(layerOf({ ...installed, musl: '1.1.16-r11' })));
    await api.scannedImage('team', 'alpine', '3.6');
    const panel = page.getByRole('region', { name: 'Base image' });
    await panel.getByText('Rebuild on the newer team/alpine:3.6: clears 1 finding.').waitFor();
    await panel.getByText('formerly 3.6').waitFor();
    // Nobody was signed in at first.
    expect(browser.faults.filter((fault) => !fault.includes('401 (Unauthorized)'))).toEqual([]);
  });

  it('pratique scan tells the base of an image that is not pushed', async () => {
    const layout = join(folder, 'layout');
    writeOciLayout(layout, '1', app);
    const { output, errors } = await runCli(['scan', `oci:${layout}:1`, '--format', 'json'], {
      environment: { PRATIQUE_DATA: server.dataFolder },
    });
    expect([output === '', errors]).toEqual([false, expect.any(String)]);
    expect(JSON.parse(output)).toMatchObject({
      image: { base: { namespace: 'team', repository: 'alpine', layerCount: 1 } },
    });
  });
});
