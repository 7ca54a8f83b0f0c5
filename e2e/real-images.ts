import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, command, mustRun } from './clients.ts';
import { type LayoutImage, writeOciLayout } from './oci-layout.ts';
import { adminPassword, type ServerProcess } from './server-process.ts';

/** The real root file systems of the shared data set, as single-layer images. */
export type RealImage = 'alpine-3.4.0' | 'alpine-3.6.2' | 'alpine-3.12.12' | 'busybox';

const files: Readonly<
  Record<RealImage, readonly { readonly architecture: 'amd64' | 'arm64'; readonly file: string }[]>
> = {
  'alpine-3.4.0': [{ architecture: 'amd64', file: 'alpine/alpine-rootfs-3.4.0-x86_64.tar.gz' }],
  'alpine-3.6.2': [{ architecture: 'amd64', file: 'alpine/alpine-rootfs-3.6.2-x86_64.tar.gz' }],
  'alpine-3.12.12': [
    { architecture: 'amd64', file: 'alpine/alpine-minirootfs-3.12.12-x86_64.tar.gz' },
    { architecture: 'arm64', file: 'alpine/alpine-minirootfs-3.12.12-aarch64.tar.gz' },
  ],
  busybox: [{ architecture: 'amd64', file: 'busybox/busybox-glibc-amd64-rootfs.tar.gz' }],
};

export function realImage(shared: string, name: RealImage): LayoutImage[] {
  return files[name].map(({ architecture, file }) => ({
    architecture,
    layers: [readFileSync(join(shared, 'images', file))],
  }));
}

const credentials = `admin:${adminPassword}`;

export interface PushedImage {
  readonly reference: string;
  readonly digest: string;
}

/** Pushes images with skopeo as `docker://<server>/<name>`, whole indexes included. */
export async function pushWithSkopeo(
  server: ServerProcess,
  name: string,
  images: readonly LayoutImage[],
): Promise<PushedImage> {
  const layout = mkdtempSync(join(tmpdir(), 'pratique-layout-'));
  const digest = writeOciLayout(layout, 'pushed', images);
  const reference = `docker://${server.host}/${name}`;
  const access = ['--dest-tls-verify=false', '--dest-creds', credentials];
  try {
    const source = `oci:${layout}:pushed`;
    await mustRun('skopeo', ['copy', '--all', '--preserve-digests', ...access, source, reference]);
  } finally {
    rmSync(layout, { recursive: true });
  }
  return { reference, digest };
}

/** Pulls an image with skopeo; a refusal is an answer. */
export async function pullWithSkopeo(reference: string): Promise<CommandResult> {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-pull-'));
  const access = ['--src-tls-verify=false', '--src-creds', credentials];
  try {
    return await command('skopeo', ['copy', '--all', ...access, reference, `dir:${folder}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
