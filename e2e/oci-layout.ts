import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One platform's image: its gzip-compressed layers, bottom first. */
export interface LayoutImage {
  readonly architecture: 'amd64' | 'arm64';
  readonly layers: readonly Buffer[];
  /** `created_by` of each layer; made up where absent. */
  readonly commands?: readonly string[];
}

/** Writes an OCI layout with one image, or an index when there are several, and returns the digest that the tag names. */
export function writeOciLayout(folder: string, tag: string, images: readonly LayoutImage[]): string {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Buffer, mediaType: string): Descriptor => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const putJson = (value: unknown, mediaType: string): Descriptor =>
    put(Buffer.from(JSON.stringify(value)), mediaType);
  const manifests = images.map(({ architecture, layers, commands = [] }): Descriptor => {
    const config = putJson(
      imageConfig({ architecture, layers, commands }),
      'application/vnd.oci.image.config.v1+json',
    );
    const manifest = putJson(
      {
        schemaVersion: 2,
        mediaType: manifestType,
        config,
        layers: layers.map((layer) => put(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
      },
      manifestType,
    );
    return { ...manifest, platform: { os: 'linux', architecture } };
  });
  const [first] = manifests;
  if (first === undefined) throw new Error('Cannot write a layout: it needs at least one image, got none');
  const top =
    manifests.length === 1
      ? first
      : putJson({ schemaVersion: 2, mediaType: indexType, manifests }, indexType);
  const entry = { ...top, annotations: { 'org.opencontainers.image.ref.name': tag } };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return top.digest;
}

function imageConfig({ architecture, layers, commands }: Required<LayoutImage>): unknown {
  return {
    architecture,
    os: 'linux',
    config: { Cmd: ['/bin/sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    rootfs: {
      type: 'layers',
      diff_ids: layers.map(
        (layer) => `sha256:${createHash('sha256').update(gunzipSync(layer)).digest('hex')}`,
      ),
    },
    history: layers.map((_, index) => ({
      created: '2020-01-01T00:00:00Z',
      created_by:
        commands[index] ?? (index === 0 ? 'ADD rootfs.tar.gz / # buildkit' : `RUN step ${index} # buildkit`),
    })),
  };
}
