import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { DemoImage } from './demo-images.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export interface RegistryAccess {
  readonly url: string;
  readonly name: string;
  readonly password: string;
}

/** What a client is told when it pulls. */
export interface PullAnswer {
  readonly status: number;
  /** The registry's message when it refuses. */
  readonly message: string;
}

/** Pushes an image as any client does: blobs first, then the config, then the manifest. */
export async function pushImage(access: RegistryAccess, namespace: string, image: DemoImage): Promise<void> {
  const layers = [];
  for (const { bytes } of image.layers) {
    layers.push(
      await pushBlob(
        access,
        `${namespace}/${image.repository}`,
        bytes,
        'application/vnd.oci.image.layer.v1.tar+gzip',
      ),
    );
  }
  const config = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: image.layers.map(({ bytes }) => digestOf(gunzipSync(bytes))) },
    history: image.layers.map(({ command }) => ({ created: '2021-08-14T00:00:00Z', created_by: command })),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: await pushBlob(
      access,
      `${namespace}/${image.repository}`,
      Buffer.from(JSON.stringify(config)),
      'application/vnd.oci.image.config.v1+json',
    ),
    layers,
  };
  await request(
    access,
    'PUT',
    `/v2/${namespace}/${image.repository}/manifests/${image.tag}`,
    Buffer.from(JSON.stringify(manifest)),
    manifestType,
  );
}

/** Asks for a manifest by tag, as the first step of every pull. */
export async function pullManifest(access: RegistryAccess, path: string): Promise<PullAnswer> {
  const response = await fetch(`${access.url}/v2/${path}`, {
    headers: { authorization: basic(access), accept: manifestType },
  });
  const text = await response.text();
  if (response.ok) return { status: response.status, message: '' };
  const { errors } = JSON.parse(text) as { errors: { message: string }[] }; // shape of the OCI specification
  return { status: response.status, message: errors.map(({ message }) => message).join('; ') };
}

async function pushBlob(access: RegistryAccess, repository: string, bytes: Buffer, mediaType: string) {
  const digest = digestOf(bytes);
  const opened = await request(access, 'POST', `/v2/${repository}/blobs/uploads/`);
  const location = new URL(opened.headers.get('location') ?? '', access.url);
  location.searchParams.set('digest', digest);
  await request(access, 'PUT', `${location.pathname}${location.search}`, bytes, 'application/octet-stream');
  return { mediaType, digest, size: bytes.length };
}

async function request(
  access: RegistryAccess,
  method: string,
  path: string,
  body?: Buffer,
  contentType?: string,
): Promise<Response> {
  const response = await fetch(`${access.url}${path}`, {
    method,
    headers: {
      authorization: basic(access),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

function basic(access: RegistryAccess): string {
  return `Basic ${Buffer.from(`${access.name}:${access.password}`).toString('base64')}`;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
