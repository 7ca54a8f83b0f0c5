import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedAlpineFindings } from '../src/testing/expected-alpine-findings.ts';
import { ApiClient, type FindingItem, type ImageItem } from './api-client.ts';
import { command, hasProgram, mustRun, sharedFolder } from './clients.ts';
import { writeOciLayout } from './oci-layout.ts';
import { pullWithSkopeo, pushWithSkopeo, realImage } from './real-images.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { type StaticMirror, serveFolder } from './static-mirror.ts';

const shared = sharedFolder();
const unavailable = shared === undefined || !hasProgram('skopeo');

/** Record counts of the mirror as MANIFEST.md of the shared data set states them. */
const recordCounts = {
  AlmaLinux: 5637,
  Alpine: 2436,
  'Azure Linux': 4677,
  Bitnami: 7444,
  CVE: 17691,
  Debian: 8911,
  Go: 4335,
  Hex: 108,
  Maven: 592,
  NuGet: 33,
  Packagist: 1798,
  Pub: 1,
  PyPI: 7083,
  RubyGems: 1165,
  SwiftURL: 2,
  Ubuntu: 6,
  Wolfi: 6934,
  npm: 1261,
  KEV: 1404,
  EPSS: 360_142,
};

// Skipped where the real data or skopeo is missing (a plain clone); with CI=true their absence is a failure.
describe.skipIf(unavailable)('a real image goes in, is inspected, judged and refused', () => {
  const data = shared ?? '';
  let mirror: StaticMirror;
  let server: ServerProcess;
  let api: ApiClient;

  beforeAll(async () => {
    mirror = await serveFolder(`${data}/advisories`);
    server = await startServerProcess({
      environment: {
        PRATIQUE_ADVISORIES: mirror.url,
        PRATIQUE_KEV: `file:${data}/kev/known_exploited_vulnerabilities.json`,
        PRATIQUE_EPSS: `file:${data}/epss/epss_scores-2026-08-16.csv.gz`,
      },
    });
    api = new ApiClient(server.url);
    await api.syncAdvisories(Object.keys(recordCounts));
  });

  afterAll(async () => {
    expect(await server?.stop()).toBe(0);
    server?.clean();
    await mirror?.close();
  });

  it('has loaded every ecosystem of the mirror whole', async () => {
    const { items } = await api.call<{
      items: { name: string; recordCount: number; lastError: string | null }[];
    }>('GET', '/advisories');
    const counts = Object.fromEntries(items.map(({ name, recordCount }) => [name, recordCount]));
    expect(counts).toMatchObject(recordCounts);
    expect(items.filter(({ lastError }) => lastError !== null)).toEqual([]);
  });

  for (const version of ['3.4.0', '3.6.2'] as const) {
    it(`finds exactly what is known of Alpine ${version}, refuses its pull, and serves it once the ids are allowed`, async () => {
      const namespace = `alpine-${version.replaceAll('.', '-')}`;
      await api.call('POST', '/namespaces', { name: namespace, autoScan: true });
      const { reference } = await pushWithSkopeo(
        server,
        `${namespace}/base:${version}`,
        realImage(data, `alpine-${version}`),
      );
      const image = await api.scannedImage(namespace, 'base', version);
      const findings = await api.all<FindingItem>(`/images/${image.id}/findings`);
      const found = findings.map((finding) => ({
        id: finding.id,
        package: finding.package.name,
        installed: finding.package.version,
        fixed: finding.fixedVersion,
      }));
      const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      expect(found.sort(byText)).toEqual([...expectedAlpineFindings[version]].sort(byText));

      expect((await pullWithSkopeo(reference)).code).toBe(0);
      await api.call('PATCH', `/namespaces/${namespace}`, {
        policy: { mode: 'enforce', minSeverity: 'low' },
      });
      const refused = await pullWithSkopeo(reference);
      expect(refused.code).not.toBe(0);
      const [worst] = findings.filter(({ severity }) => severity === 'critical' || severity === 'high');
      expect(refused.stderr).toMatch(/CVE-\d{4}-\d+/);
      expect(refused.stderr).toContain(`/images/${image.id}`);
      expect(worst).toBeDefined();

      await api.call('POST', `/namespaces/${namespace}/exemptions`, {
        ids: expectedAlpineFindings[version].map(({ id }) => id),
        reason: 'accepted in this test',
      });
      expect(await pullWithSkopeo(reference)).toMatchObject({ code: 0 });
    });
  }

  it('scans the same image from an archive without pushing it, and says so by its exit code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pratique-scan-'));
    const layout = join(folder, 'layout');
    const archive = join(folder, 'image.tar');
    try {
      writeOciLayout(layout, 'it', realImage(data, 'alpine-3.6.2'));
      await mustRun('tar', ['-C', layout, '-cf', archive, '.']);
      const scan = (...options: string[]) =>
        command(process.execPath, ['src/cli/main.ts', 'scan', `oci-archive:${archive}`, ...options], {
          PRATIQUE_DATA: server.dataFolder,
        });
      const json = await scan('--format', 'json', '--fail-on', 'high');
      expect(json, json.stderr).toMatchObject({ code: 1 });
      const report = JSON.parse(json.stdout) as { findings: FindingItem[] }; // documented in docs/cli.md
      expect(report.findings.map(({ id, package: { name } }) => `${name} ${id}`).sort()).toEqual(
        expectedAlpineFindings['3.6.2'].map((finding) => `${finding.package} ${finding.id}`).sort(),
      );
      // Each says why: the statement of its record for the release of the image.
      for (const { record, matched } of report.findings) {
        expect(matched?.[0]).toMatchObject({
          record,
          ecosystem: 'Alpine:v3.6',
          range: [{ introduced: '0' }, {}],
        });
      }
      const table = await scan('--fail-on', 'critical');
      // Nothing critical, but support of Alpine 3.6 has ended: it could not tell.
      expect(table.code).toBe(2);
      expect(table.stdout).toContain('Could not tell: Support of Alpine Linux v3.6 ended');
      expect((await scan('--fail-on', 'critical', '--allow-incomplete')).code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says of Alpine 3.12.12, which is newer than the data, that it could not tell; the index is listed with both platforms', async () => {
    await api.call('POST', '/namespaces', { name: 'newer', autoScan: true });
    const { digest } = await pushWithSkopeo(
      server,
      'newer/alpine:3.12.12',
      realImage(data, 'alpine-3.12.12'),
    );
    const image = await api.scannedImage('newer', 'alpine', '3.12.12');
    expect(image.digest).toBe(digest);
    const images = await api.all<ImageItem>('/images?namespace=newer');
    const platforms = images.filter((item) => item.digest !== digest);
    expect(platforms).toHaveLength(2);
    for (const platform of platforms) {
      expect(platform.scan.state).toBe('undetermined');
      expect(platform.doubts.map(({ code }) => code)).toContain('no-data-for-release');
    }
  });

  it('says of busybox, which has no package database, that it could not tell', async () => {
    await api.call('POST', '/namespaces', { name: 'tiny', autoScan: true });
    await pushWithSkopeo(server, 'tiny/busybox:1', realImage(data, 'busybox'));
    const image = await api.scannedImage('tiny', 'busybox', '1');
    expect(image.scan.state).toBe('undetermined');
    expect(image.doubts.map(({ code }) => code)).toContain('no-package-database');
    expect(image.verdict.kind).not.toBe('block');
  });

  it('reads only the new layer of a second tag on the same base', async () => {
    await api.call('POST', '/namespaces', { name: 'layers', autoScan: true });
    const [base] = realImage(data, 'alpine-3.6.2');
    if (base === undefined) throw new Error('No base image');
    const application = await tarLayer({
      'srv/node_modules/minimist/package.json': JSON.stringify({ name: 'minimist', version: '1.2.0' }),
    });
    await pushWithSkopeo(server, 'layers/app:1', [{ ...base, layers: [...base.layers, application] }]);
    const image = await api.scannedImage('layers', 'app', '1');
    expect(image.scan.progress).toMatchObject({ layersTotal: 2, layersRead: 1 });
    const findings = await api.all<FindingItem>(`/images/${image.id}/findings?q=minimist`);
    expect(findings.map(({ package: { ecosystem } }) => ecosystem)).toContain('npm');
  });

  it('refuses another digest for an immutable tag, and says which tag is free', async () => {
    await api.call('POST', '/namespaces', { name: 'frozen', autoScan: false });
    await api.call('POST', '/namespaces/frozen/immutability-rules', { template: 'latest' });
    const first = realImage(data, 'busybox');
    const second = realImage(data, 'alpine-3.6.2');
    await pushWithSkopeo(server, 'frozen/app:v1', first);
    await pushWithSkopeo(server, 'frozen/app:v1', first); // the same digest again changes nothing
    await expect(pushWithSkopeo(server, 'frozen/app:v1', second)).rejects.toThrow(/immutable/i);
    await pushWithSkopeo(server, 'frozen/app:latest', first);
    await pushWithSkopeo(server, 'frozen/app:latest', second);
  });

  it('tells who pushes into a namespace that does not exist, or without the right, what to do', async () => {
    await expect(pushWithSkopeo(server, 'nowhere/app:1', realImage(data, 'busybox'))).rejects.toThrow(
      /namespace/i,
    );
    await api.call('POST', '/users', { name: 'guest', password: 'guest-password-1' });
    await api.call('PUT', '/namespaces/tiny/members/guest', { role: 'guest' });
    const answer = await fetch(`${server.url}/v2/tiny/busybox/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('guest:guest-password-1').toString('base64')}` },
    });
    expect(answer.status).toBe(403);
    const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] }; // shape of the OCI specification
    expect(errors[0]?.code).toBe('DENIED');
    expect(errors[0]?.message).toMatch(/push/);
  });
});

async function tarLayer(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer); // tar-stream yields buffers
  return gzipSync(Buffer.concat(chunks));
}
