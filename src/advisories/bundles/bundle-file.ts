import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { ArchiveError } from '../../bytes/archive-error.ts';
import { digestOf } from '../../bytes/digest.ts';
import { readTarFile, type TarFileMember } from '../../bytes/read-tar-file.ts';
import { tarHeader, tarPadding, tarTrailer } from '../../bytes/tar-writer.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { ociIndexMediaType, ociManifestMediaType } from '../../oci/media-types.ts';
import { manifestSizeBytesMax, parseManifest } from '../../oci/parse-manifest.ts';
import { type Bundle, type BundleSource, blobBytes } from './bundle.ts';
import { BundleRefusedError, BundleUnreachableError } from './bundle-error.ts';

/** OCI image-spec v1.1 image-layout.md: these beside `blobs/<algorithm>/<hex>`. */
const layoutPath = 'oci-layout';
const indexPath = 'index.json';
const layout = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** A bundle as one file: a tar of an OCI image layout. It is read in place. */
export async function openBundleFile(path: string): Promise<BundleSource> {
  const file = await openFile(path);
  try {
    const { files } = await readTarFile(file);
    const bytesAt = (member: string) => readMember({ path, file, files }, member);
    return {
      name: path,
      readManifest: async () => await bytesAt(blobPath(theManifest(path, await bytesAt(indexPath)))),
      open: async ({ digest, size }) => {
        const member = memberAt({ path, files }, blobPath(digest));
        if (member.sizeBytes === size) return readRange(path, member);
        throw new BundleRefusedError(path, `"${digest}" must be ${size} bytes, got ${member.sizeBytes}`);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    const said = await describeFile(path, file, error);
    await file.close();
    throw said;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw new BundleUnreachableError(`Cannot read the bundle "${path}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function describeFile(path: string, file: FileHandle, error: unknown): Promise<unknown> {
  if (!(error instanceof ArchiveError)) return error;
  const head = Buffer.alloc(64);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  const isPage = /^\s*</.test(head.toString('latin1', 0, bytesRead));
  const got = isPage ? 'an HTML or XML page' : error.message.replace(/^.*?: /, '');
  return new BundleRefusedError(
    path,
    `it must be a tar of an OCI image layout, got ${isPage ? got : `one that cannot be read: ${got}`}`,
    {
      cause: error,
    },
  );
}

interface OpenedTar {
  readonly path: string;
  readonly files: ReadonlyMap<string, TarFileMember>;
}

function memberAt({ path, files }: OpenedTar, member: string): TarFileMember {
  const found = files.get(member);
  if (found !== undefined) return found;
  throw new BundleRefusedError(path, `its tar must hold the file "${member}", got none`);
}

async function readMember(tar: OpenedTar & { readonly file: FileHandle }, name: string): Promise<Buffer> {
  const { offset, sizeBytes } = memberAt(tar, name);
  if (sizeBytes > manifestSizeBytesMax) {
    throw new BundleRefusedError(
      tar.path,
      `"${name}" must be at most ${manifestSizeBytesMax} bytes, got ${sizeBytes}`,
    );
  }
  const bytes = Buffer.alloc(sizeBytes);
  await tar.file.read(bytes, 0, sizeBytes, offset);
  return bytes;
}

function readRange(path: string, { offset, sizeBytes }: TarFileMember): Readable {
  if (sizeBytes === 0) return Readable.from([]);
  return createReadStream(path, { start: offset, end: offset + sizeBytes - 1, highWaterMark: 2 ** 20 });
}

function blobPath(digest: Digest): string {
  return `blobs/${digest.slice(0, digest.indexOf(':'))}/${digestHex(digest)}`;
}

function theManifest(path: string, index: Buffer): Digest {
  const parsed = parseManifest(index, ociIndexMediaType);
  const listed = parsed.kind === 'ok' && parsed.manifest.kind === 'index' ? parsed.manifest.manifests : [];
  const [only] = listed;
  if (listed.length === 1 && only !== undefined) return only.digest;
  throw new BundleRefusedError(
    path,
    `its index.json must list one manifest, got ${parsed.kind === 'ok' ? listed.length : parsed.message}`,
  );
}

/** Writes a bundle as one file, which appears under its name when it is whole and safe on disk. Throws what copying throws. */
export async function writeBundleFile(bundle: Bundle, path: string): Promise<void> {
  const temporary = `${path}.part-${process.pid}`;
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'w', 0o644);
    const tar = new TarFile(file);
    await tar.addBytes(layoutPath, layout);
    await tar.addBytes(indexPath, indexOf(bundle.manifestBytes));
    await tar.addBytes(blobPath(digestOf(bundle.manifestBytes)), bundle.manifestBytes);
    await tar.addBytes(blobPath(bundle.manifest.config.digest), bundle.configBytes);
    for (const layer of distinct(bundle.manifest.layers)) {
      await tar.add(blobPath(layer.digest), layer.size, blobBytes(bundle.source, layer));
    }
    await tar.end();
    await file.close();
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await file?.close().catch(() => {});
    await rm(temporary, { force: true });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new BundleUnreachableError(`Cannot write the bundle "${path}": ${error.message}`, { cause: error });
  }
}

/** A blob that two feeds share is written once. */
function distinct(layers: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}

function indexOf(manifest: Buffer): Buffer {
  const descriptor = { mediaType: ociManifestMediaType, digest: digestOf(manifest), size: manifest.length };
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: ociIndexMediaType, manifests: [descriptor] }),
  );
}

class TarFile {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async addBytes(path: string, bytes: Buffer): Promise<void> {
    await this.add(path, bytes.length, [bytes]);
  }

  async add(path: string, sizeBytes: number, bytes: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
    await this.#file.writeFile(tarHeader({ path, type: 'file', sizeBytes }));
    let written = 0;
    for await (const chunk of bytes) {
      await this.#file.writeFile(chunk);
      written += chunk.length;
    }
    if (written !== sizeBytes) throw new RangeError(`${path} must be ${sizeBytes} bytes, got ${written}`);
    await this.#file.writeFile(tarPadding(sizeBytes));
  }

  async end(): Promise<void> {
    await this.#file.writeFile(tarTrailer());
    await this.#file.sync();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
