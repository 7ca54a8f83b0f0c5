import { adminPassword, waitUntil } from './server-process.ts';

/** What the tests read of an image in `GET /api/v1/images`. */
export interface ImageItem {
  readonly id: number;
  readonly namespace: string;
  readonly repository: string;
  readonly tags: readonly string[];
  readonly digest: string;
  readonly scan: {
    readonly state: string;
    readonly progress: { readonly layersTotal: number; readonly layersRead: number };
  };
  readonly severity: Readonly<Record<string, unknown>> | null;
  readonly doubts: readonly { readonly code: string; readonly message: string }[];
  readonly verdict: { readonly kind: string };
}

export interface FindingItem {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly severity: string;
  readonly package: { readonly ecosystem: string; readonly name: string; readonly version: string };
  readonly fixedVersion: string | null;
  readonly record: string;
  /** Null where it was not asked for. */
  readonly matched: readonly Readonly<Record<string, unknown>>[] | null;
  readonly exempted: unknown;
}

/** Basic-authenticated calls of the API; every answer that is not 2xx throws with its body. */
export class ApiClient {
  readonly #url: string;
  readonly #authorization: string;

  constructor(
    url: string,
    credentials: { readonly name: string; readonly password: string } = {
      name: 'admin',
      password: adminPassword,
    },
  ) {
    this.#url = url;
    this.#authorization = `Basic ${Buffer.from(`${credentials.name}:${credentials.password}`).toString('base64')}`;
  }

  async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: {
        authorization: this.#authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer; // the caller names the documented shape
  }

  /** Pages through a list. */
  async all<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | null = null;
    do {
      const separator = path.includes('?') ? '&' : '?';
      const page: { items: Item[]; nextCursor: string | null } = await this.call(
        'GET',
        `${path}${separator}limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  /** The image of a repository and tag, once its scan has ended. */
  async scannedImage(namespace: string, repository: string, tag: string): Promise<ImageItem> {
    let found: ImageItem | undefined;
    await waitUntil(`${namespace}/${repository}:${tag} is scanned`, async () => {
      const images = await this.all<ImageItem>(
        `/images?namespace=${namespace}&repository=${encodeURIComponent(repository)}`,
      );
      found = images.find(({ tags }) => tags.includes(tag));
      return found !== undefined && !['not-scanned', 'queued', 'scanning'].includes(found.scan.state);
    });
    if (found === undefined) throw new Error('unreachable: waitUntil() returned without an image');
    return found;
  }

  /** Starts an update of the advisories and waits until these feeds are read. */
  async syncAdvisories(names: readonly string[] = ['Alpine', 'Debian', 'npm', 'CVE']): Promise<void> {
    await this.call('POST', '/advisories/sync', {});
    await waitUntil('the advisories are loaded', async () => {
      const { items } = await this.call<{ items: { name: string; lastSuccessAt: string | null }[] }>(
        'GET',
        '/advisories',
      );
      return names.every((name) => items.some((feed) => feed.name === name && feed.lastSuccessAt !== null));
    });
  }
}
