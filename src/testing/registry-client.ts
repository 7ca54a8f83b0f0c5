import { digestOf } from '../bytes/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { ociConfigMediaType, ociGzipLayerMediaType, ociManifestMediaType } from '../oci/media-types.ts';
import type { BuiltImage } from './samples/build-image.ts';

/** The Authorization header of an account whose password is its name; undefined: nobody. */
export function basic(account: string | undefined): Readonly<Record<string, string>> {
  return account === undefined
    ? {}
    : { authorization: `Basic ${Buffer.from(`${account}:${account}`).toString('base64')}` };
}

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent without a Content-Length. */
  readonly body?: Uint8Array | string | ReadableStream<Uint8Array>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** Codes of the error body; empty when there is none. */
  readonly codes: readonly string[];
  /** Message of the first error. */
  readonly message: string | undefined;
}

/** Speaks the distribution API as one account. */
export class RegistryClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#headers = headers;
  }

  async send(path: string, options: SendOptions = {}): Promise<Answer> {
    const response = await fetch(new URL(path, this.#url), {
      method: options.method ?? 'GET',
      headers: { ...this.#headers, ...options.headers },
      redirect: 'manual',
      ...bodyOf(options),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const errors = readErrors(bytes);
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      codes: errors.map((error) => error.code),
      message: errors[0]?.message,
    };
  }

  /** Pushes a blob in one POST and one PUT. */
  async pushBlob(name: string, bytes: Uint8Array, digest: Digest = digestOf(bytes)): Promise<Answer> {
    const opened = await this.send(`/v2/${name}/blobs/uploads/`, { method: 'POST' });
    if (opened.status !== 202) return opened;
    return await this.send(`${opened.headers.get('location')}?digest=${digest}`, {
      method: 'PUT',
      body: bytes,
    });
  }

  async pushManifest(
    name: string,
    reference: string,
    manifest: TestManifest | TestImage,
    query = '',
  ): Promise<Answer> {
    return await this.send(`/v2/${name}/manifests/${reference}${query}`, {
      method: 'PUT',
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
    });
  }

  /** Pushes config, layers and manifest; returns the manifest's answer. */
  async pushImage(name: string, reference: string, image: TestImage, query = ''): Promise<Answer> {
    for (const blob of image.blobs) {
      const answer = await this.pushBlob(name, blob);
      if (answer.status !== 201) return answer;
    }
    return await this.pushManifest(name, reference, image, query);
  }
}

export interface TestManifest {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
}

export interface TestImage extends TestManifest {
  readonly blobs: readonly Buffer[];
}

/** What is pushed of a built image. */
export function pushable({ manifestBytes, mediaType, digest, blobs }: BuiltImage): TestImage {
  return { bytes: manifestBytes, mediaType, digest, blobs: [...blobs.values()] };
}

/** A small image manifest whose content is told apart by `content`; layers are not real archives. */
export function testImage(content: string, extra: Readonly<Record<string, unknown>> = {}): TestImage {
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', content }));
  const layer = Buffer.from(`layer of ${content}`);
  const manifest = testManifest({
    schemaVersion: 2,
    mediaType: ociManifestMediaType,
    config: descriptorOf(config, ociConfigMediaType),
    layers: [descriptorOf(layer, ociGzipLayerMediaType)],
    ...extra,
  });
  return { ...manifest, blobs: [config, layer] };
}

export function testManifest(document: Readonly<Record<string, unknown>>): TestManifest {
  const bytes = Buffer.from(JSON.stringify(document));
  const mediaType = document['mediaType'];
  return {
    bytes,
    digest: digestOf(bytes),
    mediaType: typeof mediaType === 'string' ? mediaType : ociManifestMediaType,
  };
}

export function descriptorOf(bytes: Uint8Array, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function bodyOf({ body }: SendOptions): RequestInit {
  if (body === undefined) return {};
  return body instanceof ReadableStream ? { body, duplex: 'half' } : { body: Buffer.from(body) };
}

function readErrors(bytes: Buffer): readonly { readonly code: string; readonly message: string }[] {
  try {
    const body = JSON.parse(bytes.toString('utf8'));
    return Array.isArray(body.errors) ? body.errors : [];
  } catch {
    return [];
  }
}
