/**
 * A tour in one minute: a throw-away server, a small sample feed, three images, their scan results and a refused pull.
 * `npm run demo` leaves the server running until Ctrl-C; `npm run demo -- --once` ends after the tour.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { buildDemoImages, type DemoImage } from './demo-images.ts';
import { packFeed } from './pack-feed.ts';
import { pullManifest, pushImage, type RegistryAccess } from './registry-client.ts';

interface ImageRow {
  readonly id: number;
  readonly repository: string;
  readonly tags: readonly string[];
  readonly scan: { readonly state: string };
  /** Null: never judged. */
  readonly severity: Readonly<Record<string, number | string | null>> | null;
  readonly doubts: readonly { readonly message: string }[];
}

const namespace = 'demo';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
  const folder = mkdtempSync(join(tmpdir(), 'pratique-demo-'));
  const port = await freePort();
  const access: RegistryAccess = {
    url: `http://127.0.0.1:${port}`,
    name: 'admin',
    password: randomBytes(9).toString('base64url'),
  };
  await packFeed(join(folder, 'feed'), new Date());
  say(`Starting a server on ${access.url} with its data in ${folder}`);
  const server = startServer(folder, port, access.password);
  const interrupted = new AbortController();
  // A Ctrl-C comes twice: from the terminal and, once more, from npm.
  process.on('SIGINT', () => interrupted.abort());
  process.on('SIGTERM', () => interrupted.abort());
  const interruption = once(interrupted.signal, 'abort');
  try {
    const toured = tour(access, server);
    toured.catch(() => {}); // told of below, unless it was interrupted
    await Promise.race([toured, interruption]);
    if (!values.once && !interrupted.signal.aborted) {
      say(
        `\nOpen ${styleText('bold', access.url)} and sign in as admin with the password ${styleText('bold', access.password)}`,
      );
      say('Press Ctrl-C to end the demo; nothing of it stays.');
      await Promise.race([once(server, 'exit'), interruption]);
    }
  } finally {
    if (!hasEnded(server)) {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tour(access: RegistryAccess, server: ChildProcess): Promise<void> {
  await until(
    'the server is ready',
    server,
    async () => (await fetch(`${access.url}/readyz`).catch(() => undefined))?.status === 200,
  );
  await until('the sample feed is loaded', server, async () => {
    const { items } = await call<{ items: { name: string; lastSuccessAt: string | null }[] }>(
      access,
      'GET',
      '/advisories',
    );
    return ['Alpine', 'Debian', 'npm'].every((name) =>
      items.some((feed) => feed.name === name && feed.lastSuccessAt !== null),
    );
  });
  await call(access, 'POST', '/namespaces', { name: namespace, autoScan: true });
  const images = await buildDemoImages();
  for (const image of images) {
    await pushImage(access, namespace, image);
    say(`Pushed ${namespace}/${image.repository}:${image.tag} (${image.title})`);
  }
  let rows: ImageRow[] = [];
  await until('the images are scanned', server, async () => {
    rows = (await call<{ items: ImageRow[] }>(access, 'GET', `/images?namespace=${namespace}`)).items;
    return (
      rows.length === images.length &&
      rows.every(({ scan }) => !['not-scanned', 'queued', 'scanning'].includes(scan.state))
    );
  });
  showResults(rows);
  await showRefusedPull(access, images);
}

function showResults(rows: readonly ImageRow[]): void {
  const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];
  say(
    `\n${['image'.padEnd(20), 'state'.padEnd(14), ...severities.map((name) => name.padStart(11))].join('')}`,
  );
  for (const row of rows) {
    const counts = severities.map((name) => String(row.severity?.[name] ?? '–').padStart(11));
    say(
      [`${row.repository}:${row.tags.join(',')}`.padEnd(20), row.scan.state.padEnd(14), ...counts].join(''),
    );
    for (const { message } of row.doubts) say(styleText('dim', `  could not tell: ${message}`));
  }
}

async function showRefusedPull(access: RegistryAccess, images: readonly DemoImage[]): Promise<void> {
  say(`\nSwitching blocking on in "${namespace}": refuse what has a high or worse vulnerability`);
  await call(access, 'PATCH', `/namespaces/${namespace}`, {
    policy: { mode: 'enforce', minSeverity: 'high' },
  });
  for (const { repository, tag } of images) {
    const answer = await pullManifest(access, `${namespace}/${repository}/manifests/${tag}`);
    say(`\npull ${namespace}/${repository}:${tag} → ${answer.status}`);
    if (answer.message !== '') say(styleText('red', `  ${answer.message}`));
  }
}

function startServer(folder: string, port: number, password: string): ChildProcess {
  const root = resolve(import.meta.dirname, '..');
  return spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'serve'], {
    cwd: root,
    // A Ctrl-C at the terminal must reach it through us only: a second signal would end it at once.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      PRATIQUE_DATA: join(folder, 'data'),
      PRATIQUE_LISTEN: `127.0.0.1:${port}`,
      PRATIQUE_ADMIN_PASSWORD: password,
      PRATIQUE_ADVISORIES: `file:${join(folder, 'feed')}`,
      PRATIQUE_KEV: `file:${join(folder, 'feed/kev.json')}`,
      PRATIQUE_EPSS: `file:${join(folder, 'feed/epss.csv.gz')}`,
    },
  });
}

async function call<Answer>(
  access: RegistryAccess,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`${access.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${access.name}:${access.password}`).toString('base64')}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as Answer; // the caller names the documented shape
}

async function until(what: string, server: ChildProcess, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await isTrue())) {
    if (hasEnded(server))
      throw new Error(`The server ended with ${server.exitCode ?? server.signalCode} before ${what}`);
    if (performance.now() > deadline) throw new Error(`Waited a minute in vain until ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('No TCP address');
  return address.port;
}

function say(line: string): void {
  console.log(line);
}

await main();
