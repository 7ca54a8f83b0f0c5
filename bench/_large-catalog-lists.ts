import { encodeCursor } from '../src/api/cursor.ts';
import { names } from './_large-catalog-fill.ts';
import { basic, type ServedFolder } from './_large-catalog-server.ts';

export interface Timed {
  readonly name: string;
  readonly requests: number;
  /** The first request of all, with nothing warm. */
  readonly firstMs: number;
  /** CPU time of one request, of all on average. */
  readonly cpuMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const requestsPerFigure = 60;
const { largeNamespace, smallNamespace, manyTags, someTags } = names;

/** A list and what is asked of it; each page begins where `at` says, or follows the one before. */
export interface Asked {
  readonly name: string;
  readonly path: (index: number) => string;
  /** Goes on with `nextCursor`, and at the end from the start. */
  readonly walks?: boolean;
  /** `member`: of one small namespace; `many`: of one that holds nearly everything. */
  readonly as?: 'admin' | 'member' | 'many';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with POST. */
  readonly body?: unknown;
}

const api = '/api/v1';
const images = (query: string) => `${api}/images?${query}`;
const sorts = [
  '-pushedAt',
  'pushedAt',
  '-severity',
  'severity',
  'repository',
  '-repository',
  'size',
  '-size',
];
/** Texts that match nothing, few, many and most. */
const searches = [
  'no-such-thing',
  'service-1234',
  'sha-1a2b',
  '2026.7',
  'v3',
  'build',
  'many-tags',
  'release',
  'e',
  'zq',
];

const asked: readonly Asked[] = [
  ...sorts.map((sort) => ({
    name: `images-sort=${sort}`,
    path: () => images(`limit=50&sort=${sort}`),
    walks: true,
  })),
  ...sorts.map((sort) => ({
    name: `images-of-namespace-sort=${sort}`,
    path: () => images(`limit=50&namespace=${largeNamespace}&sort=${sort}`),
    walks: true,
  })),
  { name: 'images-member', path: () => images('limit=50'), walks: true, as: 'member' },
  {
    name: 'images-member-severity',
    path: () => images('limit=50&sort=-severity'),
    walks: true,
    as: 'member',
  },
  ...['failed', 'cancelled', 'not-scanned', 'incomplete', 'scanned', 'undetermined', 'queued'].map(
    (state) => ({
      name: `images-state=${state}`,
      path: () => images(`limit=50&state=${state}`),
      walks: true,
    }),
  ),
  ...['critical', 'high', 'none', 'unknown'].map((severity) => ({
    name: `images-severity=${severity}`,
    path: () => images(`limit=50&severity=${severity}`),
    walks: true,
  })),
  ...['index', 'artifact'].map((kind) => ({
    name: `images-kind=${kind}`,
    path: () => images(`limit=50&kind=${kind}&sort=size`),
    walks: true,
  })),
  ...['allow', 'warn', 'hold', 'block'].map((verdict) => ({
    name: `images-verdict=${verdict}`,
    path: () => images(`limit=50&verdict=${verdict}`),
    walks: true,
  })),
  ...['allow', 'block'].map((verdict) => ({
    name: `images-of-namespace-verdict=${verdict}-by-severity`,
    path: () => images(`limit=50&namespace=${largeNamespace}&verdict=${verdict}&sort=-severity`),
    walks: true,
  })),
  ...searches.map((text) => ({
    name: `images-search=${text}`,
    path: () => images(`limit=50&q=${text}`),
    walks: true,
  })),
  {
    name: 'images-search-each-other-text',
    path: (index) => images(`limit=50&q=service-${index * 37}`),
  },
  {
    name: 'images-search-digest',
    path: (index) => images(`limit=50&q=${index.toString(16).padStart(3, '0')}`),
  },
  {
    name: 'images-search-in-namespace',
    path: () => images(`limit=50&namespace=${largeNamespace}&q=v1`),
    walks: true,
  },
  { name: 'images-page-of-200', path: () => images('limit=200'), walks: true },
  {
    name: 'tags-of-100k',
    path: (index) =>
      `${api}/repositories/${largeNamespace}/tags?limit=50&repository=${manyTags}&cursor=${encodeCursor('tags', [`build-${String(index * 990).padStart(6, '0')}`])}`,
  },
  {
    name: 'tags-of-10k',
    path: () => `${api}/repositories/${largeNamespace}/tags?limit=50&repository=${someTags}`,
    walks: true,
  },
  {
    name: 'v2-tags-of-100k',
    path: (index) =>
      `/v2/${largeNamespace}/${manyTags}/tags/list?n=1000&last=build-${String(index * 990).padStart(6, '0')}`,
  },
  {
    name: 'v2-tags-of-10k',
    path: (index) => `/v2/${largeNamespace}/${someTags}/tags/list?n=1000&last=v1.${index}`,
  },
  {
    name: 'v2-catalog-admin',
    path: (index) => `/v2/_catalog?n=100&last=ns-${String(index * 2).padStart(4, '0')}`,
  },
  { name: 'v2-catalog-member', path: () => '/v2/_catalog?n=100', as: 'member' },
  { name: 'v2-catalog-member-behind-all', path: () => '/v2/_catalog?n=100&last=z', as: 'member' },
  { name: 'namespaces', path: () => `${api}/namespaces?limit=50`, walks: true },
  { name: 'namespaces-search', path: (index) => `${api}/namespaces?q=${index}` },
  { name: 'namespaces-member', path: () => `${api}/namespaces`, as: 'member' },
  { name: 'namespace', path: () => `${api}/namespaces/${largeNamespace}` },
  { name: 'repositories', path: () => `${api}/repositories?limit=50`, walks: true },
  {
    name: 'repositories-of-namespace',
    path: () => `${api}/repositories?namespace=${largeNamespace}`,
    walks: true,
  },
  { name: 'repositories-search', path: (index) => `${api}/repositories?q=service-${index}` },
  { name: 'repositories-member', path: () => `${api}/repositories`, walks: true, as: 'member' },
  { name: 'events', path: () => `${api}/namespaces/${largeNamespace}/events?limit=50`, walks: true },
  {
    name: 'events-kind',
    path: () => `${api}/namespaces/${largeNamespace}/events?limit=50&kind=policy.changed`,
    walks: true,
  },
  {
    name: 'events-rare-kind',
    path: () => `${api}/namespaces/${largeNamespace}/events?limit=50&kind=member.added`,
  },
  { name: 'events-small-namespace', path: () => `${api}/namespaces/${smallNamespace}/events`, walks: true },
  { name: 'system', path: () => `${api}/system` },
  ...[smallNamespace, largeNamespace].map((namespace) => ({
    name: `policy-preview-${namespace}`,
    path: () => `${api}/namespaces/${namespace}/policy-preview`,
    body: { policy: { mode: 'enforce', minSeverity: 'high' } },
  })),
];

/** Every list, or those that have `only` in their name, one request after the other, as p50 and p95 of 60 requests. */
export async function measureLists(server: ServedFolder, only = ''): Promise<readonly Timed[]> {
  await addMember(server);
  const timed: Timed[] = [];
  for (const one of [...asked, ...(await askedOfImages(server))])
    if (one.name.includes(only)) timed.push(await measure(server, one));
  return timed;
}

/** What names an image (its details want the bytes of a config, and there are none): findings, referrers, a wide index, and the gate by tag and by digest. */
async function askedOfImages(server: ServedFolder): Promise<readonly Asked[]> {
  const page = await ask(server, images('limit=100&state=scanned&sort=-severity'), server.admin);
  const wide = await ask(server, images(`limit=1&kind=index&repository=${names.wide}`), server.admin);
  const subject = await ask(
    server,
    images(`limit=100&repository=${names.referred}&kind=image`),
    server.admin,
  );
  const [first] = subject.items;
  const referrers = `/v2/${largeNamespace}/${names.referred}/referrers/${first?.digest}`;
  const manifest = 'application/vnd.oci.image.manifest.v1+json';
  const of = (index: number) => page.items[index % page.items.length];
  return [
    { name: 'image-findings', path: (index) => `${api}/images/${of(index)?.id}/findings` },
    {
      name: 'verdict',
      path: (index) =>
        `${api}/verdict?image=${of(index)?.namespace}/${of(index)?.repository}@${of(index)?.digest}`,
    },
    {
      name: 'verdict-by-tag',
      path: (index) =>
        `${api}/verdict?image=${largeNamespace}/${manyTags}:build-${String(index * 990 + 1).padStart(6, '0')}`,
    },
    {
      name: 'gate-pull-by-tag',
      path: (index) =>
        `/v2/${largeNamespace}/${manyTags}/manifests/build-${String(index * 990 + 1).padStart(6, '0')}`,
      headers: { accept: manifest },
    },
    {
      name: 'gate-pull-by-digest',
      path: (index) => `/v2/${of(index)?.namespace}/${of(index)?.repository}/manifests/${of(index)?.digest}`,
      headers: { accept: manifest },
    },
    { name: 'referrers-of-20k', path: () => referrers },
    {
      name: 'referrers-of-20k-deep',
      path: (index) => `${referrers}?last=${first === undefined ? 0 : index * 1_000}`,
    },
    {
      name: 'referrers-of-20k-by-type',
      path: () => `${referrers}?artifactType=${encodeURIComponent('application/spdx+json')}`,
    },
    { name: 'index-of-10k-children', path: () => `${api}/images/${wide.items[0]?.id}` },
    {
      name: 'index-of-10k-children-verdict',
      path: () => `${api}/verdict?image=${largeNamespace}/${names.wide}@${wide.items[0]?.digest}`,
    },
    {
      name: 'index-of-10k-children-in-list',
      path: () => images(`repository=${names.wide}&limit=50`),
      walks: true,
    },
    {
      name: 'vulnerability',
      path: (index) => `${api}/vulnerabilities/CVE-2025-${String(index * 52).padStart(4, '0')}`,
    },
  ];
}

interface Answer {
  readonly items: readonly {
    readonly id: number;
    readonly digest: string;
    readonly namespace: string;
    readonly repository: string;
  }[];
  readonly nextCursor?: string | null;
}

async function ask(
  server: ServedFolder,
  path: string,
  authorization: string,
  { headers, body: sent }: Pick<Asked, 'headers' | 'body'> = {},
): Promise<Answer> {
  const answer = await fetch(`${server.url}${path}`, {
    headers: {
      authorization,
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent === undefined ? {} : { method: 'POST', body: JSON.stringify(sent) }),
  });
  const body = await answer.text();
  // Of a pull, a refusal is an answer as good as bytes.
  if (!answer.ok && !(answer.status === 403 && path.includes('/manifests/')))
    throw new Error(
      `Cannot measure ${path}: it must be answered, got ${answer.status} ${body.slice(0, 200)}`,
    );
  return JSON.parse(body) as Answer; // every one of these answers is JSON
}

/** Requests that a figure wants at least, however long they take. */
const requestsMin = 5;

/** One request after the other; no more are begun when `budgetMs` have gone by. */
export async function measure(
  server: ServedFolder,
  one: Asked,
  {
    requestsMax = requestsPerFigure,
    budgetMs = Number.POSITIVE_INFINITY,
  }: { readonly requestsMax?: number; readonly budgetMs?: number } = {},
): Promise<Timed> {
  const { name, path, walks, as } = one;
  const authorization = as === undefined || as === 'admin' ? server.admin : basic(as);
  const timesMs: number[] = [];
  const cpuBeforeMs = server.cpuMs();
  let cursor: string | undefined;
  const beganMs = performance.now();
  for (let index = 0; index < requestsMax; index += 1) {
    if (index >= requestsMin && performance.now() - beganMs > budgetMs) break;
    const first = path(index);
    const at = cursor === undefined ? first : `${first}${first.includes('?') ? '&' : '?'}cursor=${cursor}`;
    const startedMs = performance.now();
    const answer = await ask(server, at, authorization, one);
    timesMs.push(performance.now() - startedMs);
    cursor = walks === true ? (answer.nextCursor ?? undefined) : undefined;
  }
  const firstMs = timesMs[0] ?? Number.NaN;
  const requests = timesMs.length;
  timesMs.sort((a, b) => a - b);
  const at = (share: number) => timesMs[Math.floor(timesMs.length * share)] ?? Number.NaN;
  const timed = {
    name,
    requests,
    firstMs,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    cpuMs: (server.cpuMs() - cpuBeforeMs) / requests,
  };
  console.error(
    `${name}: first ${firstMs.toFixed(0)} ms, p50 ${timed.p50Ms.toFixed(1)} ms, p95 ${timed.p95Ms.toFixed(1)} ms, worst ${at(0.999).toFixed(0)} ms, CPU ${timed.cpuMs.toFixed(0)} ms`,
  );
  return timed;
}

/** An account that may see one small namespace beside the public ones. */
async function addMember(server: ServedFolder): Promise<void> {
  const send = async (method: string, path: string, body: unknown) => {
    const answer = await fetch(`${server.url}${api}${path}`, {
      method,
      headers: { authorization: server.admin, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok && answer.status !== 409)
      throw new Error(`Cannot prepare: got ${answer.status} ${await answer.text()}`);
  };
  await send('POST', '/users', { name: 'member', password: 'bench-password' });
  await send('PUT', `/namespaces/${smallNamespace}/members/member`, { role: 'developer' });
}
