import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageItem } from './api-client.ts';
import { mustRun } from './clients.ts';
import { type ClientsServer, type Login, startClientsServer } from './clients-server.ts';
import { installGoProgram } from './go-clients.ts';

const helm = await installGoProgram('helm');

// Skipped without Go, or where the module cannot be fetched; with CI=true that is a failure.
describe.skipIf(helm === undefined)('helm', () => {
  let clients: ClientsServer;

  beforeAll(async () => {
    clients = await startClientsServer();
    const chart = join(clients.folder, 'web');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(
      join(chart, 'Chart.yaml'),
      'apiVersion: v2\nname: web\nversion: 1.0.0\ndescription: made for this test\n',
    );
    writeFileSync(
      join(chart, 'templates/map.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-map\n',
    );
    for (const login of [clients.writer, clients.reader]) {
      const credentials = ['-u', login.name, '-p', login.secret];
      await runAs(login, 'registry', 'login', '--plain-http', ...credentials, clients.server.host);
    }
  });
  afterAll(() => clients?.close());

  const runAs = (login: Login, ...args: string[]) =>
    mustRun(helm ?? '', args, {
      HELM_REGISTRY_CONFIG: join(clients.folder, `${login.name}.json`),
      HELM_CACHE_HOME: join(clients.folder, 'cache'),
      HELM_CONFIG_HOME: join(clients.folder, 'config'),
      HELM_DATA_HOME: join(clients.folder, 'data'),
    });
  const chartReference = () => `oci://${clients.named('charts/web')}`;

  /** The path of the packaged chart. */
  async function packageChart(version: string): Promise<string> {
    const options = ['--version', version, '--destination', clients.folder];
    await runAs(clients.writer, 'package', join(clients.folder, 'web'), ...options);
    return join(clients.folder, `web-${version}.tgz`);
  }

  it('packages, pushes and pulls a chart, and shows and renders it from the registry', async () => {
    const packaged = await packageChart('1.2.3');
    const charts = `oci://${clients.named('charts')}`;
    await runAs(clients.writer, 'push', '--plain-http', packaged, charts);
    const target = join(clients.folder, 'pulled');
    const exact = ['--plain-http', '--version', '1.2.3'];
    mkdirSync(target);
    await runAs(clients.reader, 'pull', ...exact, '-d', target, chartReference());
    expect(readFileSync(join(target, 'web-1.2.3.tgz'))).toEqual(readFileSync(packaged));
    const shown = await runAs(clients.reader, 'show', 'chart', ...exact, chartReference());
    expect(shown).toContain('description: made for this test');
    const rendered = await runAs(clients.reader, 'template', 'shop', ...exact, chartReference());
    expect(rendered).toContain('name: shop-map');
    await expect(runAs(clients.reader, 'push', '--plain-http', packaged, charts)).rejects.toThrow(
      /denied|403/i,
    );
  });

  it('finds the newest of several versions, one with a plus, which no tag may have', async () => {
    for (const version of ['2.0.0', '2.1.0+build.7', '3.0.0'])
      await runAs(
        clients.writer,
        'push',
        '--plain-http',
        await packageChart(version),
        `oci://${clients.named('charts')}`,
      );
    const range = ['--plain-http', '--version', '~2'];
    expect(await runAs(clients.reader, 'show', 'chart', ...range, chartReference())).toContain(
      'version: 2.1.0+build.7',
    );
    const images = await clients.api.all<ImageItem>('/images?namespace=clients&repository=charts/web');
    expect(images.flatMap(({ tags }) => tags)).toContain('2.1.0_build.7');
  });

  it('pulls a chart where policy blocks: it is inspected as an image is, and nothing is found in it', async () => {
    const policy = { mode: 'enforce', minSeverity: 'low' };
    await clients.api.call('PATCH', '/namespaces/clients', { autoScan: true, policy });
    const packaged = await packageChart('4.0.0');
    await runAs(clients.writer, 'push', '--plain-http', packaged, `oci://${clients.named('charts')}`);
    const exact = ['--plain-http', '--version', '4.0.0'];
    expect(await runAs(clients.reader, 'show', 'chart', ...exact, chartReference())).toContain('4.0.0');
    const image = await clients.api.scannedImage('clients', 'charts/web', '4.0.0');
    expect(image.scan.state).toBe('undetermined');
  });

  it('says of a chart that is not there that it is not', async () => {
    const absent = `oci://${clients.named('charts/absent')}`;
    await expect(runAs(clients.reader, 'show', 'chart', '--plain-http', absent)).rejects.toThrow(
      /404|not found/,
    );
  });
});
