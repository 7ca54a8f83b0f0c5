import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { LoadOrder, LoadResult } from './_http-load.ts';
import { type RegistryProcess, startDistribution, startPratique } from './_peer-registry.ts';
import { type BenchLine, median, rounded } from './bench-line.ts';

const bench = 'against-distribution';
const mib = 1024 * 1024;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const runFile = promisify(execFile);

interface BlobFile {
  readonly path: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Speeds and memory of our server (token, gate on) and of CNCF distribution (anonymous), in turns in one run. */
export async function run(): Promise<readonly BenchLine[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
  const ours = await startPratique();
  const theirs = await startDistribution();
  try {
    await switchGateOn(ours);
    return [
      ...(await compareManifests(ours, theirs)),
      ...(await comparePushes({ ours, theirs, folder, figure: 'push-32x32MiB', count: 32, sizeMib: 32 })),
      ...(await comparePulls({ ours, theirs, folder })),
      ...(await comparePushes({ ours, theirs, folder, figure: 'push-1x5GiB', count: 1, sizeMib: 5 * 1024 })),
    ];
  } finally {
    await ours.close();
    await theirs.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function switchGateOn(ours: RegistryProcess): Promise<void> {
  const allowAll = {
    pending: 'allow',
    failed: 'allow',
    incomplete: 'allow',
    unsupported: 'allow',
    undetermined: 'allow',
  };
  await curl(
    ours,
    ['-X', 'POST', '-H', 'content-type: application/json', '-d', '{"name":"bench","autoScan":false}'],
    '/api/v1/namespaces',
  );
  const policy = JSON.stringify({ policy: { mode: 'enforce', minSeverity: 'high', states: allowAll } });
  await curl(
    ours,
    ['-X', 'PATCH', '-H', 'content-type: application/json', '-d', policy],
    '/api/v1/namespaces/bench',
  );
}

async function compareManifests(ours: RegistryProcess, theirs: RegistryProcess): Promise<BenchLine[]> {
  for (const registry of [ours, theirs]) await pushTinyImage(registry);
  const { authorization } = await withToken(ours, 'bench/app');
  const rates: Record<string, number[]> = { ours: [], theirs: [] };
  for (let round = 0; round < 3; round += 1) {
    rates['theirs']?.push(await manifestRate(theirs, undefined));
    rates['ours']?.push(await manifestRate(ours, authorization));
  }
  const value = median(rates['ours'] ?? []);
  return [line('manifest-get', { value, unit: 'requests/s', other: median(rates['theirs'] ?? []) })];
}

/** As clients do it: one token for all requests of a push or pull. It lives for five minutes. */
async function withToken(registry: RegistryProcess, repository: string): Promise<RegistryProcess> {
  if (registry.authorization === undefined) return registry;
  const answer = await curl(registry, [], `/token?service=pratique&scope=repository:${repository}:pull,push`);
  const { token } = JSON.parse(answer) as { token: string }; // Docker token specification
  return { ...registry, authorization: `Bearer ${token}` };
}

async function pushTinyImage(registry: RegistryProcess): Promise<void> {
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  const location = await openUpload(registry, 'bench/app');
  await curl(
    registry,
    ['-X', 'PUT', '-H', 'content-type: application/octet-stream', '-d', config.toString()],
    withDigest(location, digest),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
    layers: [],
  };
  await curl(
    registry,
    ['-X', 'PUT', '-H', `content-type: ${manifestType}`, '-d', JSON.stringify(manifest)],
    '/v2/bench/app/manifests/latest',
  );
}

async function manifestRate(registry: RegistryProcess, authorization: string | undefined): Promise<number> {
  const workerData: LoadOrder = {
    port: registry.port,
    path: '/v2/bench/app/manifests/latest',
    authorization,
    connections: 32,
    warmUpMs: 1_000,
    measureMs: 3_000,
  };
  const worker = new Worker(new URL('_http-load.ts', import.meta.url), { workerData });
  const result = await new Promise<LoadResult>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (result.failures > 0)
    throw new Error(`Cannot measure ${registry.name}: ${result.failures} answers were not 200`);
  return result.requestsPerSecond;
}

interface PushComparison {
  readonly ours: RegistryProcess;
  readonly theirs: RegistryProcess;
  readonly folder: string;
  readonly figure: string;
  readonly count: number;
  readonly sizeMib: number;
}

async function comparePushes({
  ours,
  theirs,
  folder,
  figure,
  count,
  sizeMib,
}: PushComparison): Promise<BenchLine[]> {
  const seconds: Record<string, number[]> = {};
  let growthMib = 0;
  // New bytes for each round: a blob that is there already would not be sent.
  for (let round = 0; round < (count === 1 ? 1 : 3); round += 1) {
    const files = await writeBlobs({ folder, count, sizeMib });
    for (const registry of [theirs, ours]) {
      const before = registry.residentMib();
      const watch = watchMemory(registry);
      const client = await withToken(registry, 'bench/blobs');
      const took = await secondsOf(() => Promise.all(files.map((file) => pushBlob(client, file))));
      seconds[registry.name] = [...(seconds[registry.name] ?? []), took];
      const peak = watch.stop();
      if (registry === ours) growthMib = Math.max(growthMib, peak - before);
    }
    for (const file of files) await rm(file.path);
  }
  const rate = (name: string) => (count * sizeMib) / median(seconds[name] ?? []);
  return [
    line(figure, { value: rate(ours.name), unit: 'MiB/s', other: rate(theirs.name) }),
    { bench, figure: `${figure}-memory-growth`, value: rounded(growthMib), unit: 'MiB' },
  ];
}

async function comparePulls({
  ours,
  theirs,
  folder,
}: Pick<PushComparison, 'ours' | 'theirs' | 'folder'>): Promise<BenchLine[]> {
  const files = await writeBlobs({ folder, count: 8, sizeMib: 64 });
  for (const registry of [ours, theirs]) {
    for (const file of files) await pushBlob(registry, file);
    await pushManifestOf(registry, files);
  }
  const seconds: Record<string, number[]> = {};
  let growthMib = 0;
  for (let round = 0; round < 3; round += 1) {
    for (const registry of [theirs, ours]) {
      const before = registry.residentMib();
      const watch = watchMemory(registry);
      const client = await withToken(registry, 'bench/blobs');
      const pull = (file: BlobFile) =>
        curl(client, ['-o', '/dev/null'], `/v2/bench/blobs/blobs/${file.digest}`);
      const took = await secondsOf(() => Promise.all(files.map(pull)));
      seconds[registry.name] = [...(seconds[registry.name] ?? []), took];
      const peak = watch.stop();
      if (registry === ours) growthMib = Math.max(growthMib, peak - before);
    }
  }
  const rate = (name: string) => (8 * 64) / median(seconds[name] ?? []);
  return [
    line('pull-8x64MiB', { value: rate(ours.name), unit: 'MiB/s', other: rate(theirs.name) }),
    { bench, figure: 'pull-8x64MiB-memory-growth', value: rounded(growthMib), unit: 'MiB' },
  ];
}

/** With the gate on, a blob may be pulled only when a manifest refers to it. */
async function pushManifestOf(registry: RegistryProcess, files: readonly BlobFile[]): Promise<void> {
  const [first] = files;
  if (first === undefined) return;
  const descriptor = (file: BlobFile) => ({
    mediaType: 'application/octet-stream',
    digest: file.digest,
    size: file.sizeBytes,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(first),
    layers: files.map(descriptor),
  };
  await curl(
    registry,
    ['-X', 'PUT', '-H', `content-type: ${manifestType}`, '-d', JSON.stringify(manifest)],
    '/v2/bench/blobs/manifests/latest',
  );
}

async function pushBlob(registry: RegistryProcess, file: BlobFile): Promise<void> {
  const location = await openUpload(registry, 'bench/blobs');
  await curl(
    registry,
    ['-T', file.path, '-H', 'content-type: application/octet-stream'],
    withDigest(location, file.digest),
  );
}

async function openUpload(registry: RegistryProcess, repository: string): Promise<string> {
  const head = await curl(
    registry,
    ['-X', 'POST', '-D', '-', '-o', '/dev/null'],
    `/v2/${repository}/blobs/uploads/`,
  );
  const location = /^location: (\S+)/im.exec(head)?.[1];
  if (location === undefined)
    throw new Error(`Cannot push to ${registry.name}: it must answer a location, got ${head}`);
  return location.replace(/^https?:\/\/[^/]+/, '');
}

function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`;
}

/** One request by curl, which takes little of the two cores; throws for an answer that is not 2xx. */
async function curl(registry: RegistryProcess, args: readonly string[], path: string): Promise<string> {
  const { authorization } = registry;
  const access = authorization === undefined ? [] : ['-H', `authorization: ${authorization}`];
  const url = `http://127.0.0.1:${registry.port}${path}`;
  const { stdout } = await runFile('curl', ['-sS', '--fail-with-body', ...access, ...args, url], {
    maxBuffer: 16 * mib,
  });
  return stdout;
}

/** Files that do not compress and are all different, with their digests. */
async function writeBlobs(parts: {
  readonly folder: string;
  readonly count: number;
  readonly sizeMib: number;
}): Promise<BlobFile[]> {
  const chunk = randomBytes(mib);
  const files: BlobFile[] = [];
  for (let index = 0; index < parts.count; index += 1) {
    const path = join(parts.folder, `blob-${index}`);
    const file = await open(path, 'w');
    for (let part = 0; part < parts.sizeMib; part += 1) {
      chunk.writeUInt32LE(index * 1_000_000 + part, 0);
      await file.write(chunk);
    }
    await file.close();
    const hash = createHash('sha256');
    for await (const bytes of createReadStream(path, { highWaterMark: mib })) hash.update(bytes);
    files.push({ path, digest: `sha256:${hash.digest('hex')}`, sizeBytes: parts.sizeMib * mib });
  }
  return files;
}

function watchMemory(registry: RegistryProcess): { stop(): number } {
  let peak = registry.residentMib();
  const timer = setInterval(() => {
    peak = Math.max(peak, registry.residentMib());
  }, 50);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}

function line(
  figure: string,
  measured: { readonly value: number; readonly unit: string; readonly other: number },
): BenchLine {
  const { value, unit, other } = measured;
  return {
    bench,
    figure,
    value: rounded(value),
    unit,
    against: `distribution: ${rounded(other)}`,
    ratio: rounded(value / other),
  };
}
