import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FeedRefusedError } from './feed-errors.ts';
import { parseSource } from './source.ts';
import { SourceReader } from './source-reader.ts';

/** Any of this machine's own addresses is private: one that is allowed stands for a public one. */
const publicHost = '127.0.0.1';
const privateHost = '127.0.0.9';

class Place {
  readonly server: Server;
  connections = 0;
  readonly seen: { readonly url: string; readonly authorization: string | undefined }[] = [];
  answer: (response: ServerResponse) => void = (response) => response.end('records');
  origin = '';

  constructor() {
    this.server = createServer((request, response) => {
      this.seen.push({ url: request.url ?? '', authorization: request.headers.authorization });
      this.answer(response);
    });
    this.server.on('connection', () => {
      this.connections += 1;
    });
  }

  async start(host: string): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, host, resolve));
    this.origin = `http://${host}:${(this.server.address() as AddressInfo).port}`; // it listens on TCP
  }

  redirect(location: string): void {
    this.answer = (response) => response.writeHead(302, { location }).end();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

let mirror: Place;
let inner: Place;
beforeEach(async () => {
  [mirror, inner] = [new Place(), new Place()];
  await Promise.all([mirror.start(publicHost), inner.start(privateHost)]);
});
afterEach(() => Promise.all([mirror.stop(), inner.stop()]));

const read = (address: string, allow: readonly string[] = [`${publicHost}/32`]) =>
  new SourceReader({ signal: new AbortController().signal, attemptsMax: 1, allow }).read(
    parseSource(address),
    {
      bytesMax: 1_000,
    },
  );

describe('a redirect of a feed on a public address is judged as targets of webhooks are (threats.md B1, B2)', () => {
  it.each([
    ['a private address', () => `${inner.origin}/latest/meta-data/`],
    ['the same as an IPv6 address', () => inner.origin.replace(privateHost, '[::ffff:127.0.0.9]')],
    ['a number for an address', () => inner.origin.replace(privateHost, '2130706441')],
    ['this machine by another address', () => inner.origin.replace(privateHost, '0.0.0.0')],
    ['a metadata service', () => 'http://169.254.169.254/latest/meta-data/'],
    ['a port of another protocol', () => 'http://192.0.2.1:22/'],
    ['a user and a password', () => inner.origin.replace('//', '//operator:secret@')],
    ['what is no address of the web', () => 'gopher://127.0.0.9/'],
  ])('to %s, without a connection', async (_condition, location) => {
    mirror.redirect(location());
    const error = await read(mirror.origin).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/^Feed(Refused|Unreachable)Error: Cannot (use|read) "http:.*": .*redirect/);
    expect(String(error)).not.toMatch(/meta-data|secret|gopher|169\.254|127\.0\.0\.9/);
    expect(inner.connections).toBe(0);
  });

  it('says what to do, and is not tried again', async () => {
    mirror.redirect(inner.origin);
    const reading = read(mirror.origin);
    await expect(reading).rejects.toThrow(FeedRefusedError);
    await expect(reading).rejects.toThrow(/this machine; .* the setting PRATIQUE_EGRESS_ALLOW$/);
    expect(mirror.seen).toHaveLength(1);
  });

  it('also behind another redirect', async () => {
    const hops = [`${mirror.origin}/second`, inner.origin].values();
    mirror.answer = (response) => response.writeHead(307, { location: hops.next().value }).end();
    await expect(read(mirror.origin)).rejects.toThrow(FeedRefusedError);
    expect([mirror.seen.map(({ url }) => url), inner.connections]).toEqual([['/', '/second'], 0]);
  });

  it('is followed to another that may be asked', async () => {
    mirror.redirect(inner.origin);
    expect(await read(mirror.origin, ['127.0.0.0/8'])).toMatchObject({ bytes: Buffer.from('records') });
  });

  it('takes no connection along that was made before the check', async () => {
    const reader = new SourceReader({
      signal: new AbortController().signal,
      attemptsMax: 1,
      allow: ['127.0.0.0/8'],
    });
    await reader.read(parseSource(`${inner.origin}/first`), { bytesMax: 1_000 });
    mirror.redirect(inner.origin);
    await reader.read(parseSource(mirror.origin), { bytesMax: 1_000 });
    expect([inner.seen.length, inner.connections]).toEqual([2, 2]);
  });
});

describe('the address that the operator set may be private (threats.md B1)', () => {
  it('and so may where it redirects to', async () => {
    mirror.redirect(inner.origin);
    expect(await read(mirror.origin, [])).toMatchObject({ bytes: Buffer.from('records') });
  });

  it('but its user and password go nowhere else (threats.md B3)', async () => {
    mirror.redirect(inner.origin);
    await read(mirror.origin.replace('//', '//operator:secret@'), []);
    expect(mirror.seen[0]?.authorization).toMatch(/^Basic /);
    expect(inner.seen[0]?.authorization).toBeUndefined();
  });

  it('nor does another user', async () => {
    mirror.redirect(inner.origin.replace('//', '//operator:secret@'));
    await expect(read(mirror.origin, [])).rejects.toThrow(/a redirect to an address with a user in it/);
    expect(inner.connections).toBe(0);
  });
});
