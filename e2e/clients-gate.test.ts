import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDemoImages } from '../examples/demo-images.ts';
import { packFeed } from '../examples/pack-feed.ts';
import { type CommandResult, command, hasProgram, mustRun } from './clients.ts';
import { canRunContainerd, startContainerd } from './clients-containerd.ts';
import { type ClientsServer, startClientsServer } from './clients-server.ts';
import { installGoProgram } from './go-clients.ts';
import { orasWithoutTls } from './go-clients-oras.ts';
import { writeOciLayout } from './oci-layout.ts';

const crane = await installGoProgram('crane');
const regctl = await installGoProgram('regctl');
const oras = await installGoProgram('oras');
const hasSkopeo = hasProgram('skopeo');
const hasPodman = hasProgram('podman');

// Skipped without skopeo, which pushes the image; with CI=true a missing client is a failure.
describe.skipIf(!hasSkopeo)('an image that policy refuses', () => {
  let clients: ClientsServer;
  let reference: string;
  let imageId: number;
  const feed = mkdtempSync(join(tmpdir(), 'pratique-feed-'));
  const at = (name: string) => join(clients.folder, name);

  beforeAll(async () => {
    await packFeed(feed, new Date());
    clients = await startClientsServer({ PRATIQUE_ADVISORIES: `file:${feed}` });
    await clients.api.syncAdvisories(['Alpine', 'Debian', 'npm']);
    await clients.api.call('PATCH', '/namespaces/clients', { autoScan: true });
    const [gateway] = await buildDemoImages();
    const layers = gateway?.layers.map(({ bytes }) => bytes) ?? [];
    writeOciLayout(at('layout'), 'v1', [{ architecture: 'amd64', layers }]);
    reference = clients.named('gateway:v1');
    const { name, secret } = clients.writer;
    const access = ['--dest-tls-verify=false', '--dest-creds', `${name}:${secret}`];
    await mustRun('skopeo', ['copy', ...access, `oci:${at('layout')}:v1`, `docker://${reference}`]);
    imageId = (await clients.api.scannedImage('clients', 'gateway', 'v1')).id;
    const policy = { mode: 'enforce', minSeverity: 'high' };
    await clients.api.call('PATCH', '/namespaces/clients', { policy });
  });
  afterAll(async () => {
    await clients?.close();
    rmSync(feed, { recursive: true, force: true });
  });

  /** What a person sees at their terminal. */
  function expectReasons(result: CommandResult): void {
    expect(result.code).not.toBe(0);
    const shown = `${result.stdout}${result.stderr}`;
    expect(shown).toMatch(/Cannot pull .{1,3}clients\/gateway:v1/);
    expect(shown).toMatch(/CVE-\d{4}-\d+ \((critical|high)\) in [\w.-]+ [\w.-]+, fixed in /);
    expect(shown).toContain(`/images/${imageId}`);
  }
  const credentials = () => `${clients.reader.name}:${clients.reader.secret}`;
  const docker = () => ({ DOCKER_CONFIG: at('docker') });

  it('gives skopeo the reasons', async () => {
    const access = ['--src-tls-verify=false', '--src-creds', credentials()];
    expectReasons(await command('skopeo', ['copy', ...access, `docker://${reference}`, `dir:${at('dir')}`]));
  });

  it.skipIf(!hasPodman)('gives podman the reasons', async () => {
    const store = ['--root', at('root'), '--runroot', at('run'), '--storage-driver', 'vfs'];
    const access = ['--tls-verify=false', '--creds', credentials()];
    expectReasons(await command('podman', [...store, 'pull', ...access, reference]));
  });

  it.skipIf(crane === undefined)('gives crane the reasons', async () => {
    const { name, secret } = clients.reader;
    await mustRun(crane ?? '', ['auth', 'login', clients.server.host, '-u', name, '-p', secret], docker());
    expectReasons(await command(crane ?? '', ['pull', reference, at('crane.tar')], docker()));
  });

  it.skipIf(oras === undefined)('gives oras the reasons', async () => {
    const { name, secret } = clients.reader;
    const login = ['login', clients.server.host, '-u', name, '-p', secret];
    await mustRun(oras ?? '', orasWithoutTls(login), docker());
    const fetch = orasWithoutTls(['manifest', 'fetch', reference]);
    expectReasons(await command(oras ?? '', fetch, docker()));
  });

  it.skipIf(regctl === undefined)('gives regctl the reasons', async () => {
    const environment = { REGCTL_CONFIG: at('regctl.json') };
    const { name, secret } = clients.reader;
    const run = (...args: string[]) => command(regctl ?? '', args, environment);
    await run('registry', 'set', '--tls', 'disabled', clients.server.host);
    await run('registry', 'login', clients.server.host, '-u', name, '-p', secret);
    expectReasons(await run('manifest', 'get', reference));
  });

  it.skipIf(!canRunContainerd())(
    "gives containerd's ctr, which shows a status line alone, the reasons in it",
    async () => {
      const containerd = await startContainerd(at('containerd'));
      try {
        const access = ['--plain-http', '--user', credentials()];
        const pull = await containerd.tryCtr('images', 'pull', ...access, reference);
        expect(pull.code).not.toBe(0);
        expect(pull.stderr).toMatch(/403 Forbidden: Cannot pull/);
        expectReasons(pull);
      } finally {
        await containerd.stop();
      }
    },
  );
});
