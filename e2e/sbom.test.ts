import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { buildTar } from '../src/testing/samples/build-image.ts';
import { inventorySamples, programSamples } from '../src/testing/samples/inventory-samples.ts';
import { hasProgram, mustRun, sharedFolder } from './clients.ts';
import { type ClientsServer, startClientsServer } from './clients-server.ts';
import { openConsoleBrowser } from './console-browser.ts';
import { installGoProgram } from './go-clients.ts';
import { orasWithoutTls } from './go-clients-oras.ts';
import { type LayoutImage, writeOciLayout } from './oci-layout.ts';
import { pushWithSkopeo, realImage } from './real-images.ts';
import { projectRoot, waitUntil } from './server-process.ts';
import { installSpdxTools, validateSpdx } from './spdx-tools.ts';

const shared = sharedFolder();
const python = await installSpdxTools();
const oras = await installGoProgram('oras');
const regctl = await installGoProgram('regctl');

/** What the tests read of a CycloneDX document. */
interface CycloneDx {
  readonly components: readonly {
    readonly type: string;
    readonly purl?: string;
    readonly evidence?: { readonly occurrences: readonly { readonly location: string }[] };
  }[];
  readonly compositions?: readonly { readonly aggregate: string }[];
}

/** And of an SPDX document. */
interface Spdx {
  readonly packages: readonly {
    readonly primaryPackagePurpose: string;
    readonly sourceInfo?: string;
    readonly externalRefs?: readonly { readonly referenceLocator: string }[];
  }[];
}

interface Spdx3 {
  readonly '@graph': readonly {
    readonly software_sourceInfo?: string;
    readonly software_packageUrl?: string;
  }[];
}

interface Scan {
  readonly packages: readonly { readonly purl: string; readonly path: string }[];
}

function ofOneLayer(tree: Parameters<typeof buildTar>[0]): LayoutImage[] {
  return [{ architecture: 'amd64', layers: [gzipSync(buildTar(tree))] }];
}

function rpmDatabase(folder: string, file: string): LayoutImage[] {
  const bytes = readFileSync(join(shared ?? '', 'images/rpmdb', folder, file));
  return ofOneLayer({ [`var/lib/rpm/${file}`]: bytes, 'bin/sh': 'x' });
}

/** What this machine itself is made of: Debian's database, and the lock file of this project. */
function machine(): LayoutImage[] {
  const status = '/var/lib/dpkg/status';
  return ofOneLayer({
    'etc/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    ...(existsSync(status) ? { 'var/lib/dpkg/status': readFileSync(status) } : {}),
    'app/package-lock.json': readFileSync(join(projectRoot, 'package-lock.json')),
  });
}

/** Something for every reader of the inventory: npm, Python, Go, Java, Rust, … */
function everyLanguage(): LayoutImage[] {
  const samples = [...inventorySamples, ...programSamples];
  return ofOneLayer(Object.fromEntries(samples.map(({ path, bytes }) => [path, bytes])));
}

const images: readonly (readonly [name: string, image: () => LayoutImage[], least: number, purl: RegExp])[] =
  [
    ['Alpine', () => realImage(shared ?? '', 'alpine-3.12.12').slice(0, 1), 14, /^pkg:apk\/alpine\//],
    ['BusyBox without packages', () => realImage(shared ?? '', 'busybox'), 0, /^pkg:/],
    ['rpm in SQLite', () => rpmDatabase('cbl-mariner-2.0.sqlite', 'rpmdb.sqlite'), 10, /^pkg:rpm\//],
    ['rpm in Berkeley DB', () => rpmDatabase('rhel8-libuuid.bdb', 'Packages'), 1, /^pkg:rpm\//],
    ['rpm in NDB', () => rpmDatabase('sle15-bci.ndb', 'Packages.db'), 10, /^pkg:rpm\//],
    ['Debian and npm', machine, 100, /^pkg:(?:deb\/debian|npm)\//],
    ['every language', everyLanguage, 30, /^pkg:[a-z]+\//],
  ];

// Skipped without the shared data or Python; with CI=true that is a failure.
describe.skipIf(shared === undefined || python === undefined)('bills of materials', () => {
  let clients: ClientsServer;
  let environment: Readonly<Record<string, string>>;

  beforeAll(async () => {
    clients = await startClientsServer();
    environment = {
      PRATIQUE_DATA: clients.server.dataFolder,
      PRATIQUE_ADVISORIES: `file:${clients.folder}/no-feed`,
    };
  });
  afterAll(() => clients?.close());

  const cli = async (...args: string[]) => await runCli(args, { environment });

  /** Every document of SPDX that the tests have met; SPDX's own readers take seconds to start, and look at all of them at the end. */
  const spdxFiles: string[] = [];
  const spdxFile = (name: string) => {
    const file = join(clients.folder, `${spdxFiles.length}-${name}`);
    spdxFiles.push(file);
    return file;
  };

  /** All formats of a target, each written into a file. */
  async function sbomsOf(target: string, ...options: string[]) {
    const cyclonedxFile = join(clients.folder, 'a.cdx.json');
    const spdx2File = spdxFile('a.spdx.json');
    const spdx3File = spdxFile('a.spdx3.json');
    const codes = [];
    for (const [format, file] of [
      ['cyclonedx', cyclonedxFile],
      ['spdx', spdx2File],
      ['spdx3', spdx3File],
    ] as const) {
      const result = await cli('sbom', target, '--format', format, '--output', file, ...options);
      if (result.code === 3) throw new Error(result.errors);
      codes.push(result.code);
    }
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(readFileSync(cyclonedxFile, 'utf8'))).toBeNull();
    return {
      codes,
      cyclonedx: JSON.parse(readFileSync(cyclonedxFile, 'utf8')) as CycloneDx,
      spdx: JSON.parse(readFileSync(spdx2File, 'utf8')) as Spdx,
      spdx3: JSON.parse(readFileSync(spdx3File, 'utf8')) as Spdx3,
    };
  }

  it.each(images)('hold the whole inventory: %s', async (name, image, least, purlPattern) => {
    const layout = join(clients.folder, name.replaceAll(' ', '-'));
    writeOciLayout(layout, 'v1', image());
    const scanned = await cli('scan', `oci:${layout}:v1`, '--format', 'json');
    const { packages } = JSON.parse(scanned.output) as Scan;
    expect(packages.filter(({ purl }) => purlPattern.test(purl)).length).toBeGreaterThanOrEqual(least);
    const { cyclonedx, spdx, spdx3 } = await sbomsOf(`oci:${layout}:v1`);

    const components = cyclonedx.components.filter(({ type }) => type !== 'operating-system');
    const places = components.map(({ purl, evidence }) => `${purl} ${evidence?.occurrences[0]?.location}`);
    expect(places.sort()).toEqual(packages.map(({ purl, path }) => `${purl} ${path}`).sort());
    const listed = spdx.packages.filter(({ sourceInfo }) => sourceInfo !== undefined);
    const locators = listed.map(({ externalRefs }) => externalRefs?.[0]?.referenceLocator);
    expect(locators.sort()).toEqual(packages.map(({ purl }) => purl).sort());
    const elements = spdx3['@graph'].filter((one) => one.software_sourceInfo !== undefined);
    expect(elements.map((one) => one.software_packageUrl).sort()).toEqual(
      packages.map(({ purl }) => purl).sort(),
    );
    for (const { purl } of packages) expect(PackageURL.fromString(purl).name).not.toBe('');
  });

  it('says in the documents and by its exit code that packages may be missing', async () => {
    const layout = join(clients.folder, 'broken');
    writeOciLayout(
      layout,
      'v1',
      ofOneLayer({ 'app/package-lock.json': '{', 'etc/os-release': 'ID=alpine\n' }),
    );
    const { codes, cyclonedx, spdx } = await sbomsOf(`oci:${layout}:v1`);
    expect(codes).toEqual([2, 2, 2]);
    expect(cyclonedx.compositions).toEqual([{ aggregate: 'unknown', assemblies: ['image'] }]);
    expect(spdx).toMatchObject({ comment: expect.stringContaining('may be incomplete') });
    expect((await cli('sbom', `oci:${layout}:v1`, '--allow-incomplete')).code).toBe(0);
  });

  it('E4: hold no secret of the build, nor of a file', async () => {
    const token = `ghp_${'A1b2C3d4E5f6'.repeat(3)}`;
    const layout = join(clients.folder, 'leaky');
    const [image] = ofOneLayer({
      'root/.netrc': `machine github.com password ${token}\n`,
      'lib/apk/db/installed': 'P:musl\nV:1-r0\n\n',
      'etc/os-release': 'ID=alpine\nVERSION_ID=3.4.0\n',
    });
    if (image === undefined) throw new Error('there is one');
    const commands = [`RUN |1 GITHUB_TOKEN=${token} /bin/sh -c make`];
    writeOciLayout(layout, 'v1', [{ ...image, commands }]);
    for (const format of ['cyclonedx', 'spdx', 'spdx3']) {
      const { output } = await cli('sbom', `oci:${layout}:v1`, '--format', format);
      expect(output).toContain('musl');
      expect(output).not.toContain(token.slice(0, 12));
    }
  });

  it('names what is wrong with a target', async () => {
    const missing = await cli('sbom', 'clients/nothing:1.0');
    expect([missing.code, missing.errors]).toEqual([3, expect.stringContaining('no image of that name')]);
    const unknown = await cli('sbom', 'nonsense');
    expect([unknown.code, unknown.errors]).toEqual([3, expect.stringContaining('oci-archive:<tar>')]);
    const format = await cli('sbom', 'clients/nothing:1.0', '--format', 'swid');
    expect([format.code, format.errors]).toEqual([3, expect.stringContaining('cyclonedx, spdx, spdx3')]);
  });

  describe('of a pushed index', () => {
    let platforms: readonly { imageId: number; digest: string; platform: { architecture: string } }[];
    const bytesOf = async (path: string) =>
      await fetch(`${clients.server.url}/api/v1${path}`, {
        headers: { authorization: `Basic ${btoa(`${clients.admin.name}:${clients.admin.secret}`)}` },
      });

    beforeAll(async () => {
      await pushWithSkopeo(clients.server, 'clients/alpine:3.12', realImage(shared ?? '', 'alpine-3.12.12'));
      const { items } = await clients.api.call<{ items: { id: number; kind: string }[] }>(
        'GET',
        '/images?namespace=clients&repository=alpine',
      );
      const index = items.find(({ kind }) => kind === 'index');
      if (index === undefined) throw new Error('the index was not pushed');
      const details = await clients.api.call<{ children: typeof platforms }>('GET', `/images/${index.id}`);
      platforms = details.children;
      const before = await bytesOf(`/images/${platforms[0]?.imageId}/sbom`);
      expect([before.status, await before.text()]).toEqual([409, expect.stringContaining('scan it with')]);
      await clients.api.call('POST', `/images/${index.id}/scan`);
      await waitUntil('all platforms are scanned', async () => {
        const answers = await Promise.all(platforms.map(({ imageId }) => bytesOf(`/images/${imageId}/sbom`)));
        return answers.every(({ status }) => status === 200);
      });
      const ofIndex = await bytesOf(`/images/${index.id}/sbom`);
      expect([ofIndex.status, await ofIndex.text()]).toEqual([
        409,
        expect.stringContaining('linux/arm64: image'),
      ]);
    });

    it('are one for each platform, the same from API and command line', async () => {
      for (const { imageId, platform } of platforms) {
        const answer = await bytesOf(`/images/${imageId}/sbom?format=cyclonedx`);
        const name = `linux/${platform.architecture}`;
        const { cyclonedx } = await sbomsOf('clients/alpine:3.12', '--platform', name);
        const fromApi = (await answer.json()) as CycloneDx;
        expect(fromApi.components).toEqual(cyclonedx.components);
        expect(fromApi.components.length).toBeGreaterThan(14);
        expect(fromApi).toMatchObject({
          metadata: {
            component: {
              properties: expect.arrayContaining([{ name: 'pratique:image:platform', value: name }]),
            },
          },
        });
      }
    });

    it.skipIf(!hasProgram('chromium'))('are downloaded and attached from the report page', async () => {
      const { imageId, digest } = platforms[0] ?? { imageId: 0, digest: '' };
      const browser = await openConsoleBrowser();
      try {
        const { page } = browser;
        await page.goto(`${clients.server.url}/images/${imageId}`);
        await page.getByLabel('Username').fill(clients.admin.name);
        await page.getByRole('textbox', { name: 'Password' }).fill(clients.admin.secret);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByRole('button', { name: 'SBOM' }).click();
        // Before anybody signed in, an answer was 401.
        const faultsBefore = browser.faults.length;
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('menuitem', { name: 'SPDX 3.0.1' }).click(),
        ]);
        const name = `clients-alpine-${digest.slice(7, 19)}.spdx3.json`;
        expect(download.suggestedFilename()).toBe(name);
        await download.saveAs(spdxFile(name));
        const attach = async () => {
          await page.getByRole('button', { name: 'SBOM' }).click();
          await page.getByRole('menuitem', { name: 'Attach CycloneDX' }).click();
        };
        await attach();
        await page.getByText(/^The CycloneDX document is now attached: sha256:/).waitFor();
        await attach();
        await page.getByText(/^The CycloneDX document was already attached: sha256:/).waitFor();
        expect(browser.faults.slice(faultsBefore)).toEqual([]);
      } finally {
        await browser.close();
      }
    });

    it.skipIf(oras === undefined)('are found and fetched by oras when they are attached', async () => {
      const { imageId, digest } = platforms[0] ?? { imageId: 0, digest: '' };
      const attach = async (format: string) =>
        await clients.api.call<{ digest: string; isNew: boolean }>('POST', `/images/${imageId}/sbom`, {
          format,
        });
      const attached = [await attach('cyclonedx'), await attach('spdx')];
      expect(attached.map(({ isNew }) => isNew)).toContain(true);
      expect(await attach('spdx')).toEqual({ ...attached[1], isNew: false });
      const { reader, server, folder } = clients;
      const login = ['-u', reader.name, '-p', reader.secret];
      const run = (...args: string[]) =>
        mustRun(oras ?? '', orasWithoutTls(args), { DOCKER_CONFIG: join(folder, 'oras') }, folder);
      await run('login', ...login, server.host);
      const image = clients.named(`alpine@${digest}`);
      const found = JSON.parse(await run('discover', image, '--format', 'json'));
      const types = found.manifests.map(({ artifactType }: { artifactType: string }) => artifactType);
      expect(types.sort()).toEqual(['application/spdx+json', 'application/vnd.cyclonedx+json']);
      const spdx = await run('manifest', 'fetch', clients.named(`alpine@${attached[1]?.digest}`));
      const layer = JSON.parse(spdx).layers[0].digest;
      const file = spdxFile('fetched.spdx.json');
      await run('blob', 'fetch', '--output', file, clients.named(`alpine@${layer}`));
      expect(readFileSync(file, 'utf8')).toContain(digest);
    });

    it('are attached by the command line as by the API, once however often', async () => {
      const [, image] = platforms;
      if (image === undefined) throw new Error('there are two');
      const { imageId, digest } = image;
      const platform = `linux/${image.platform.architecture}`;
      const attach = () => cli('sbom', 'clients/alpine:3.12', '--platform', platform, '--attach');
      const first = await attach();
      expect(first).toMatchObject({ code: 0, errors: '' });
      const [, attached] =
        /^Attached (\S+) \(application\/vnd\.cyclonedx\+json\) to /.exec(first.output) ?? [];
      expect(first.output).toBe(
        `Attached ${attached} (application/vnd.cyclonedx+json) to clients/alpine@${digest}\n`,
      );
      expect((await attach()).output).toMatch(new RegExp(`^Nothing to do: ${attached} .* already\\n$`));
      const byApi = await clients.api.call('POST', `/images/${imageId}/sbom`, { format: 'cyclonedx' });
      expect(byApi).toMatchObject({ digest: attached, subject: digest, isNew: false });
    });

    it.skipIf(regctl === undefined)('are listed by regctl when they are attached', async () => {
      const { imageId, digest } = platforms[1] ?? { imageId: 0, digest: '' };
      await clients.api.call('POST', `/images/${imageId}/sbom`, { format: 'cyclonedx' });
      const { reader, server, folder } = clients;
      const run = (...args: string[]) =>
        mustRun(regctl ?? '', args, { REGCTL_CONFIG: join(folder, 'regctl.json') });
      await run('registry', 'set', '--tls', 'disabled', server.host);
      await run('registry', 'login', server.host, '-u', reader.name, '-p', reader.secret);
      const listed = await run('artifact', 'list', clients.named(`alpine@${digest}`));
      expect(listed).toContain('application/vnd.cyclonedx+json');
    });
  });

  it('are valid, say the readers of SPDX', async () => {
    expect(spdxFiles.length).toBeGreaterThanOrEqual(2 * images.length);
    await validateSpdx(python ?? '', spdxFiles);
  });
});
