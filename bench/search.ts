import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedData } from '../src/testing/shared-data.ts';
import { names } from './_judged-images.ts';
import { type Asked, measure, type Timed } from './_large-catalog-lists.ts';
import { type ServedFolder, serveDataFolder } from './_large-catalog-server.ts';
import { type BenchLine, type BenchModule, type BenchOptions, rounded } from './bench-line.ts';
import { fillJudged } from './judge-again.ts';

const bench = 'search';
const api = '/api/v1';
const defaultImages = '100000';
const requestsMax = 20;
/** Some seventy kinds of requests come to an end in five minutes. */
const budgetMs = 3_500;
/** Of p95. */
const aimMs = 1_000;

export const takes: BenchModule['takes'] = ['keep', 'only', 'images'];

interface Answer {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly total?: number;
}

/**
 * Searches over so many images of 300 packages each, as `judge-again` fills them (`keep`: its folder): for a vulnerability,
 * a package, a range and a package URL that many and that few images hold, by an admin and by a member of one namespace;
 * open vulnerabilities; two images compared. p50 and p95 of 20 requests over HTTP, or of as many as a few seconds leave time for,
 * their CPU time, and whether p95 meets its aim.
 */
export async function run({
  keep,
  only,
  images = defaultImages,
}: BenchOptions): Promise<readonly BenchLine[]> {
  const shared = sharedData();
  if (shared === undefined) {
    console.error(`bench ${bench} is skipped: there is no ../shared`);
    return [];
  }
  const folder = keep ?? (await mkdtemp(join(tmpdir(), 'pratique-bench-')));
  try {
    const server = await serveDataFolder(await fillJudged(folder, shared, Number(images)));
    try {
      const lines = [await firstPage(server)];
      await addMembers(server);
      for (const one of await searches(server)) {
        if (!one.name.includes(only ?? '')) continue;
        lines.push(...linesOf(await measure(server, one, { requestsMax, budgetMs })));
      }
      const missed = lines.filter(({ verdict }) => verdict === 'missed');
      return [
        ...lines,
        { bench, figure: 'aims-missed', value: missed.length, unit: 'kinds' },
        { bench, figure: 'server-rss', value: rounded(server.residentMib()), unit: 'MiB' },
      ];
    } finally {
      await server.close();
    }
  } finally {
    if (keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

function linesOf({ name, firstMs, p50Ms, p95Ms, cpuMs }: Timed): readonly BenchLine[] {
  const line = (figure: string, ms: number) => ({
    bench,
    figure: `${name}-${figure}`,
    value: rounded(ms),
    unit: 'ms',
  });
  return [
    line('first', firstMs),
    line('p50', p50Ms),
    { ...line('p95', p95Ms), ...againstAim(p95Ms) },
    line('cpu', cpuMs),
  ];
}

function againstAim(ms: number): Pick<BenchLine, 'against' | 'ratio' | 'verdict'> {
  return {
    against: `aim of ${aimMs} ms`,
    ratio: rounded(ms / aimMs),
    verdict: ms <= aimMs ? 'met' : 'missed',
  };
}

/** What is searched for is taken from what is there: the packages of the first images, and their vulnerabilities. */
async function searches(server: ServedFolder): Promise<readonly Asked[]> {
  const { items: vulnerabilities } = await ask(server, '/vulnerabilities?limit=200');
  const byImages = vulnerabilities.toSorted((a, b) => Number(b['imageCount']) - Number(a['imageCount']));
  const { items: images } = await ask(server, '/images?limit=10');
  const { items: packages } = await ask(server, `/images/${String(images[0]?.['id'])}/packages?limit=200`);
  const text = (item: Readonly<Record<string, unknown>> | undefined, key: string) =>
    encodeURIComponent(String(item?.[key] ?? ''));
  const name = (index: number) => text(packages[index % packages.length], 'name');
  const version = (index: number) => text(packages[index % packages.length], 'version');
  const url = (index: number) => text(packages[index % packages.length], 'purl');
  const reference = (index: number) =>
    `${text(images[index % images.length], 'namespace')}/${text(images[index % images.length], 'repository')}@${text(images[index % images.length], 'digest')}`;
  const texts: Readonly<Record<string, (index: number) => string>> = {
    'common-vulnerability': () => text(byImages[0], 'id'),
    'rare-vulnerability': () => text(byImages.at(-1), 'id'),
    name,
    range: (index) => `${name(index)}%20%3C%3D${version(index)}`,
    'package-url': url,
    pattern: () => '*lib*',
    unknown: () => 'no-such-package',
  };
  const kinds = {
    search: (found: string) => `/search?q=${found}`,
    packages: (found: string) => `/packages?q=${found}`,
    images: (found: string) => `/images?limit=50&holds=${found}`,
  };
  const asked = Object.entries(texts).flatMap(([what, found]) =>
    Object.entries(kinds).flatMap(([kind, path]) =>
      (['admin', 'many', 'member'] as const).map((as) => ({
        name: `${kind}-${what}-${as}`,
        path: (index: number) => `${api}${path(found(index))}`,
        as,
      })),
    ),
  );
  const vulnerabilityLists = {
    all: '',
    exploited: '&knownExploited=true',
    'critical-fixable': '&severity=critical&fixable=true',
    'text-id': '&q=2023-1',
    'text-package': '&q=openssl',
    'text-of-many': '&q=lib',
    'of-namespace': `&namespace=${names.pulled}`,
  };
  return [
    ...asked,
    ...Object.entries(vulnerabilityLists).map(([what, query]) => ({
      name: `vulnerabilities-${what}`,
      path: () => `${api}/vulnerabilities?limit=50${query}`,
      walks: true,
    })),
    { name: 'reference', path: (index) => `${api}/images?limit=50&q=registry.example/${reference(index)}` },
    { name: 'vulnerability', path: () => `${api}/vulnerabilities/${text(byImages[0], 'id')}` },
    {
      name: 'comparison',
      path: (index) =>
        `${api}/images/${String(images[index % 9]?.['id'])}/comparison?with=${String(images[9]?.['id'])}`,
    },
  ];
}

async function ask(server: ServedFolder, path: string): Promise<Answer> {
  const answer = await fetch(`${server.url}${api}${path}`, { headers: { authorization: server.admin } });
  if (!answer.ok) throw new Error(`Cannot measure ${path}: got ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer; // the contract's page
}

/** The first page of vulnerabilities after a start, before anything is ranked. */
async function firstPage(server: ServedFolder): Promise<BenchLine> {
  const startedMs = performance.now();
  await ask(server, '/vulnerabilities?limit=50');
  const tookMs = performance.now() - startedMs;
  const figure = 'vulnerabilities-after-start';
  return { bench, figure, value: rounded(tookMs), unit: 'ms', ...againstAim(tookMs) };
}

/** One that may see the smaller namespace only, and one that may see the larger only. */
async function addMembers(server: ServedFolder): Promise<void> {
  for (const [name, namespace] of [
    ['member', names.gated],
    ['many', names.pulled],
  ] as const) {
    await send(server, 'POST', '/users', { name, password: 'bench-password' });
    await send(server, 'PUT', `/namespaces/${namespace}/members/${name}`, { role: 'developer' });
  }
}

async function send(server: ServedFolder, method: string, path: string, body: unknown): Promise<void> {
  const headers = { authorization: server.admin, 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}${api}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok && answer.status !== 409) throw new Error(`Cannot prepare: got ${await answer.text()}`);
}
