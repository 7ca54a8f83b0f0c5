import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** A small image made up for the demo: package databases without the programs. */
export interface DemoImage {
  readonly repository: string;
  readonly tag: string;
  readonly title: string;
  readonly layers: readonly { readonly command: string; readonly bytes: Buffer }[];
}

type Files = Readonly<Record<string, string>>;

export async function buildDemoImages(): Promise<DemoImage[]> {
  const alpine = await layer('ADD alpine-minirootfs.tar.gz / # buildkit', alpineFiles());
  const debian = await layer('ADD debian-rootfs.tar.xz / # buildkit', debianFiles());
  const application = await layer('RUN npm ci --omit=dev # buildkit', applicationFiles());
  return [
    { repository: 'gateway', tag: '3.6', title: 'Alpine 3.6 with old musl and zlib', layers: [alpine] },
    { repository: 'batch', tag: '11', title: 'Debian 11 as first released', layers: [debian] },
    {
      repository: 'shop',
      tag: '1.4.0',
      title: 'a Node.js application on Alpine 3.6',
      layers: [alpine, application],
    },
  ];
}

async function layer(command: string, files: Files): Promise<{ command: string; bytes: Buffer }> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer); // tar-stream yields buffers
  return { command, bytes: gzipSync(Buffer.concat(chunks)) };
}

function alpineFiles(): Files {
  const packages = [
    ['musl', '1.1.16-r10', 'musl'],
    ['busybox', '1.26.2-r5', 'busybox'],
    ['zlib', '1.2.11-r0', 'zlib'],
    ['apk-tools', '2.7.2-r0', 'apk-tools'],
    ['libressl2.5-libcrypto', '2.5.4-r0', 'libressl'],
    ['libxml2', '2.9.4-r4', 'libxml2'],
    ['sqlite-libs', '3.18.0-r0', 'sqlite'],
    ['libcurl', '7.54.0-r0', 'curl'],
  ];
  return {
    'etc/os-release': 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.6.2\nPRETTY_NAME="Alpine Linux v3.6"\n',
    'etc/alpine-release': '3.6.2\n',
    'lib/apk/db/installed': packages
      .map(([name, version, origin]) => `P:${name}\nV:${version}\nA:x86_64\no:${origin}\n\n`)
      .join(''),
  };
}

function debianFiles(): Files {
  const packages = [
    ['libssl1.1', '1.1.1k-1', 'openssl'],
    ['zlib1g', '1:1.2.11.dfsg-2', 'zlib'],
    ['libc6', '2.31-13', 'glibc'],
    ['libcurl4', '7.74.0-1.3', 'curl'],
    ['libexpat1', '2.2.10-2', 'expat'],
    ['libxml2', '2.9.10+dfsg-6.7', 'libxml2'],
    ['policykit-1', '0.105-31', 'policykit-1'],
  ];
  const entry = ([name, version, source]: string[]) =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nSource: ${source}\nVersion: ${version}\n\n`;
  return {
    'etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nID=debian\nVERSION_ID="11"\n',
    'etc/debian_version': '11.0\n',
    'var/lib/dpkg/status': packages.map(entry).join(''),
  };
}

function applicationFiles(): Files {
  const packages = {
    lodash: '4.17.15',
    minimist: '1.2.0',
    express: '4.17.1',
    qs: '6.7.0',
    axios: '0.19.0',
    ws: '7.4.5',
    jsonwebtoken: '8.5.1',
  };
  const entries = Object.entries(packages).map(([name, version]) => [
    `srv/app/node_modules/${name}/package.json`,
    JSON.stringify({ name, version }),
  ]);
  return {
    'srv/app/package.json': JSON.stringify({ name: 'shop', version: '1.4.0', dependencies: packages }),
    ...Object.fromEntries(entries),
  };
}
