import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a Debian image of a Node.js application is built from; another list is another folder of the cache. */
const version = 1;
const debianPackages = 'nodejs,python3,git,build-essential,curl,ca-certificates';
const nodePackages = {
  next: '15.1.0',
  react: '19.0.0',
  'react-dom': '19.0.0',
  webpack: '5.97.1',
  typescript: '5.7.2',
  eslint: '9.17.0',
  jest: '29.7.0',
  express: '4.21.2',
  lodash: '4.17.21',
  rxjs: '7.8.1',
  'date-fns': '4.1.0',
  'aws-sdk': '2.1692.0',
  '@babel/preset-env': '7.26.0',
  mongoose: '8.9.2',
  'core-js': '3.39.0',
  three: '0.171.0',
};

/**
 * Paths of two gzip layers, bottom first: Debian 13 as mmdebstrap makes it, with what an application is built with, and
 * a real `npm install`. Made once, of real packages, into the user's cache; that needs root, mmdebstrap and registries.
 */
export async function realLayers(): Promise<readonly string[]> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'pratique-bench', `debian-node-${version}`);
  await mkdir(folder, { recursive: true });
  const makers: readonly [string, (work: string, layer: string) => Promise<void>][] = [
    ['base.tar.gz', makeBase],
    ['app.tar.gz', makeApp],
  ];
  for (const [name, make] of makers) {
    const path = join(folder, name);
    if (existsSync(path)) continue;
    console.error(`making ${path}, once`);
    const work = await mkdtemp(join(tmpdir(), 'pratique-bench-'));
    try {
      await make(work, `${path}.part`);
      await rename(`${path}.part`, path);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return makers.map(([name]) => join(folder, name));
}

/** As an archive, not as a folder: mmdebstrap mounts the host's /dev and /proc in the tree that it works on. */
async function makeBase(work: string, layer: string): Promise<void> {
  const tar = join(work, 'base.tar');
  const options = ['--variant=minbase', '--mode=root', `--include=${debianPackages}`];
  execFileSync('mmdebstrap', [...options, '--aptopt=Apt::Install-Recommends false', 'trixie', tar], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  execFileSync('sh', ['-c', 'gzip -6 -c "$1" > "$2"', 'sh', tar, layer]);
}

async function makeApp(work: string, layer: string): Promise<void> {
  const app = join(work, 'srv/app');
  await mkdir(app, { recursive: true });
  const manifest = { name: 'bench-app', version: '1.0.0', private: true, dependencies: nodePackages };
  await writeFile(join(app, 'package.json'), JSON.stringify(manifest));
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: app,
    stdio: 'pipe',
  });
  const pack = 'tar --sort=name --owner=0 --group=0 -C "$1" -cf - srv | gzip -6 > "$2"';
  execFileSync('sh', ['-c', pack, 'sh', work, layer]);
}
