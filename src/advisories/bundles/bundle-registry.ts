import { Readable } from 'node:stream';
import { digestOf } from '../../bytes/digest.ts';
import { readAll, TooManyBytesError } from '../../bytes/read-all.ts';
import { digestAlgorithm, parseDigest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { ociManifestMediaType } from '../../oci/media-types.ts';
import { manifestSizeBytesMax } from '../../oci/parse-manifest.ts';
import { type Bundle, type BundleSource, blobBytes } from './bundle.ts';
import { BundleRefusedError } from './bundle-error.ts';
import type { RegistryAddress } from './registry-address.ts';
import { RegistryConnection, type RegistryConnectionOptions } from './registry-connection.ts';

/** A bundle in a registry. Nothing is asked before it is read. */
export function openBundleInRegistry(options: Omit<RegistryConnectionOptions, 'actions'>): BundleSource {
  const { address } = options;
  const connection = new RegistryConnection({ ...options, actions: 'pull' });
  const get = async (path: string, headers: Readonly<Record<string, string>>) => {
    const answer = await connection.send({
      method: 'GET',
      target: `/v2/${address.repository}/${path}`,
      headers,
    });
    if (answer.statusCode === 200) return answer;
    throw await connection.failure(`it must give ${path}`, answer);
  };
  return {
    name: address.text,
    readManifest: async () => {
      const answer = await get(`manifests/${address.reference}`, { accept: ociManifestMediaType });
      const bytes = await readAll(answer, manifestSizeBytesMax).catch((error: Error) => {
        if (!(error instanceof TooManyBytesError))
          throw connection.error(`it must answer, got ${error.message}`, error);
        const rule = `its manifest must be at most ${manifestSizeBytesMax} bytes, got more`;
        throw new BundleRefusedError(address.text, rule);
      });
      refuseOther(address, bytes);
      return bytes;
    },
    open: async ({ digest }) => await get(`blobs/${digest}`, {}),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** A reference that is a digest pins the bundle (threats.md E9). */
function refuseOther({ text, reference }: RegistryAddress, manifest: Buffer): void {
  const pinned = parseDigest(reference);
  if (pinned === undefined) return;
  const actual = digestOf(manifest, digestAlgorithm(pinned));
  if (actual === pinned) return;
  throw new BundleRefusedError(text, `its manifest must hash to ${pinned}, got ${actual}`);
}

/**
 * Pushes a bundle; blobs that the repository has are left out. Throws `BundleUnreachableError` and what reading the bundle
 * throws.
 */
export async function pushBundle(
  bundle: Bundle,
  options: Omit<RegistryConnectionOptions, 'actions'>,
): Promise<void> {
  const { address } = options;
  await using connection = new RegistryConnection({ ...options, actions: 'pull,push' });
  const push = new Push(bundle, connection, `/v2/${address.repository}`);
  for (const blob of [...bundle.manifest.layers, bundle.manifest.config]) await push.blob(blob);
  await push.manifest(address.reference);
}

class Push {
  readonly #bundle: Bundle;
  readonly #connection: RegistryConnection;
  readonly #root: string;

  constructor(bundle: Bundle, connection: RegistryConnection, root: string) {
    this.#bundle = bundle;
    this.#connection = connection;
    this.#root = root;
  }

  /** distribution-spec v1.1 spec.md#post-then-put. */
  async blob(blob: Descriptor): Promise<void> {
    const found = await this.#connection.send({
      method: 'HEAD',
      target: `${this.#root}/blobs/${blob.digest}`,
    });
    found.resume();
    if (found.statusCode === 200) return;
    const started = await this.#connection.send({
      method: 'POST',
      target: `${this.#root}/blobs/uploads/`,
      sizeBytes: 0,
    });
    const { location } = started.headers;
    if (started.statusCode !== 202 || location === undefined)
      throw await this.#connection.failure('it must take an upload', started);
    started.resume();
    const stored = await this.#connection.send({
      method: 'PUT',
      target: `${location}${location.includes('?') ? '&' : '?'}digest=${blob.digest}`,
      headers: { 'content-type': 'application/octet-stream' },
      sizeBytes: blob.size,
      body: () => Readable.from(blobBytes(this.#bundle.source, blob)),
    });
    if (stored.statusCode !== 201)
      throw await this.#connection.failure(`it must store ${blob.digest}`, stored);
    stored.resume();
  }

  async manifest(reference: string): Promise<void> {
    const { manifestBytes } = this.#bundle;
    const stored = await this.#connection.send({
      method: 'PUT',
      target: `${this.#root}/manifests/${reference}`,
      headers: { 'content-type': ociManifestMediaType },
      sizeBytes: manifestBytes.length,
      body: () => Readable.from([manifestBytes]),
    });
    if (stored.statusCode !== 201) throw await this.#connection.failure('it must store the manifest', stored);
    stored.resume();
  }
}
