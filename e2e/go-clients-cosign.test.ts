import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram, mustRun } from './clients.ts';
import { type ClientsServer, layerOf, startClientsServer } from './clients-server.ts';
import { installGoProgram } from './go-clients.ts';
import { orasWithoutTls } from './go-clients-oras.ts';
import { writeOciLayout } from './oci-layout.ts';

const cosign = await installGoProgram('cosign');
const oras = await installGoProgram('oras');
const hasSkopeo = hasProgram('skopeo');

// Keys of our own, and no transparency log: it works without a network.
const sign = ['--yes', '--tlog-upload=false'];
const verify = ['--insecure-ignore-tlog=true'];

// Skipped without Go, or where a module cannot be fetched; with CI=true that is a failure.
describe.skipIf(cosign === undefined || oras === undefined)('cosign', () => {
  let clients: ClientsServer;

  beforeAll(async () => {
    clients = await startClientsServer();
    const { name, secret } = clients.writer;
    await run('login', '-u', name, '-p', secret, clients.server.host);
    for (const key of ['first', 'second']) await run('generate-key-pair', '--output-key-prefix', at(key));
    writeFileSync(at('sbom.json'), '{"bomFormat":"CycloneDX","specVersion":"1.5","components":[]}');
  });
  afterAll(() => clients?.close());

  const at = (name: string) => join(clients.folder, name);
  const environment = () => ({
    DOCKER_CONFIG: at('docker'),
    TUF_ROOT: at('tuf'),
    COSIGN_PASSWORD: '',
    COSIGN_EXPERIMENTAL: '1', // for the mode with referrers
  });
  const run = (...args: string[]) => mustRun(cosign ?? '', args, environment());
  const runOras = (...args: string[]) => mustRun(oras ?? '', orasWithoutTls(args), environment());
  const key = (name: string) => ['--key', at(`${name}.key`)];
  const publicKey = (name: string) => ['--key', at(`${name}.pub`)];

  /** Pushes an image of its own and returns its reference by digest. */
  async function pushImage(repository: string, text = repository): Promise<string> {
    const layers = [await layerOf({ 'srv/note': text })];
    const digest = writeOciLayout(at(`layout-${text}`), 'v1', [{ architecture: 'amd64', layers }]);
    const reference = clients.named(`${repository}:v1`);
    await runOras('cp', '--from-oci-layout', `${at(`layout-${text}`)}:v1`, reference);
    return `${clients.named(repository)}@${digest}`;
  }

  async function tagsOf(repository: string): Promise<string[]> {
    return (await runOras('repo', 'tags', clients.named(repository))).trim().split('\n');
  }

  async function referrerTypes(reference: string): Promise<string[]> {
    const found = JSON.parse(await runOras('discover', '--format', 'json', reference));
    return found.manifests.map(({ artifactType }: { artifactType: string }) => artifactType);
  }

  it('signs under the tag sha256-….sig and verifies, but not with another key', async () => {
    const image = await pushImage('by-tag');
    await run('sign', ...sign, ...key('first'), image);
    const verified = await run('verify', ...verify, ...publicKey('first'), clients.named('by-tag:v1'));
    expect(JSON.parse(verified)[0].critical.image['docker-manifest-digest']).toBe(image.split('@')[1]);
    await expect(run('verify', ...verify, ...publicKey('second'), image)).rejects.toThrow(/signature/);
    expect(await tagsOf('by-tag')).toContain(`${image.split('@')[1]?.replace(':', '-')}.sig`);
    expect(await referrerTypes(image)).toEqual([]);
  });

  it('signs as a referrer of OCI 1.1 and verifies, with no tag beside the image', async () => {
    const image = await pushImage('by-referrer');
    await run('sign', ...sign, '--registry-referrers-mode=oci-1-1', ...key('first'), image);
    const asReferrer = [...verify, '--experimental-oci11'];
    await run('verify', ...asReferrer, ...publicKey('first'), image);
    await expect(run('verify', ...asReferrer, ...publicKey('second'), image)).rejects.toThrow(/signature/);
    expect(await referrerTypes(image)).toEqual(['application/vnd.dev.cosign.artifact.sig.v1+json']);
    expect(await tagsOf('by-referrer')).toEqual(['v1']);
  });

  it('signs with the bundle of Sigstore, which is a referrer too, and verifies', async () => {
    const image = await pushImage('by-bundle');
    await run('sign', ...sign, '--new-bundle-format=true', ...key('first'), image);
    expect(await referrerTypes(image)).toEqual(['application/vnd.dev.sigstore.bundle.v0.3+json']);
    await run('trusted-root', 'create', '--out', at('no-roots.json'));
    const asBundle = [...verify, '--new-bundle-format', '--trusted-root', at('no-roots.json')];
    await run('verify', ...asBundle, ...publicKey('first'), image);
    await expect(run('verify', ...asBundle, ...publicKey('second'), image)).rejects.toThrow(/signature/);
  });

  it('attaches an attestation and an SBOM, verifies the one and downloads the other', async () => {
    const image = await pushImage('documents');
    const predicate = ['--type', 'cyclonedx', '--predicate', at('sbom.json')];
    await run('attest', ...sign, ...key('first'), ...predicate, image);
    const type = ['--type', 'cyclonedx'];
    const verified = await run('verify-attestation', ...verify, ...publicKey('first'), ...type, image);
    expect(JSON.parse(verified).payloadType).toBe('application/vnd.in-toto+json');
    await expect(
      run('verify-attestation', ...verify, ...publicKey('second'), ...type, image),
    ).rejects.toThrow();
    await run('attach', 'sbom', '--sbom', at('sbom.json'), '--type', 'cyclonedx', image);
    expect(JSON.parse(await run('download', 'sbom', image)).bomFormat).toBe('CycloneDX');
  });

  it('adds a second signature and a second attestation where every tag is immutable (semantics.md §4)', async () => {
    await clients.api.call('POST', '/namespaces', { name: 'frozen', autoScan: false });
    await clients.api.call('POST', '/namespaces/frozen/immutability-rules', {
      template: 'custom',
      repositories: { match: 'matching', pattern: '**' },
      tags: { match: 'matching', pattern: '**' },
    });
    const { name, secret } = clients.admin;
    await run('login', '-u', name, '-p', secret, clients.server.host);
    const frozen = `${clients.server.host}/frozen/app`;
    const image = (await pushImage('source', 'frozen')).replace(clients.named('source'), frozen);
    await runOras('cp', clients.named('source:v1'), `${frozen}:v1`);
    // Each of these moves the tag sha256-….sig or .att to a manifest that holds one more.
    for (const owner of ['first', 'second']) {
      await run('sign', ...sign, ...key(owner), image);
      const predicate = ['--type', 'cyclonedx', '--predicate', at('sbom.json')];
      await run('attest', ...sign, ...key(owner), ...predicate, image);
    }
    for (const owner of ['first', 'second']) await run('verify', ...verify, ...publicKey(owner), image);
    // But the rule holds for the image's own tag, also for one that looks like a signature's.
    const other = await pushImage('other');
    await expect(runOras('cp', other, `${frozen}:v1`)).rejects.toThrow(/immutable/);
    const posing = `${frozen}:${image.split('@')[1]?.replace(':', '-')}.sig`;
    await expect(runOras('cp', other, posing)).rejects.toThrow(/immutable/);
  });

  // Skipped without skopeo; with CI=true that is a failure.
  it.skipIf(!hasSkopeo)('verifies a copy that skopeo has made of an image and of its signature', async () => {
    const image = await pushImage('signed');
    await run('sign', ...sign, ...key('first'), image);
    const { name, secret } = clients.writer;
    const access = ['src', 'dest'].flatMap((side) => [
      `--${side}-tls-verify=false`,
      `--${side}-creds`,
      `${name}:${secret}`,
    ]);
    for (const tag of await tagsOf('signed')) {
      const [from, to] = ['signed', 'moved'].map((repository) => clients.named(`${repository}:${tag}`));
      await mustRun('skopeo', [
        'copy',
        '--preserve-digests',
        ...access,
        `docker://${from}`,
        `docker://${to}`,
      ]);
    }
    await run('verify', ...verify, ...publicKey('first'), clients.named('moved:v1'));
  });
});
