import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostAddress } from './checked-addresses.ts';
import { EgressClient } from './egress-client.ts';
import { EgressFailedError, EgressRefusedError } from './egress-error.ts';

interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let port = 0;
let connections = 0;
let received: Received[] = [];
let answer: (response: ServerResponse) => void = (response) => response.end();

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      received.push({ url: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port; // it listens on TCP
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  connections = 0;
  received = [];
  answer = (response) => response.end();
});

const own = ['127.0.0.1/32'];
const post = (client: EgressClient, url: string) => client.post({ url, headers: {}, body: '{}' });
const resolverOf =
  (...answers: readonly (readonly HostAddress[])[]) =>
  async () => {
    asked += 1;
    return answers[Math.min(asked, answers.length) - 1] ?? [];
  };
let asked = 0;
beforeEach(() => {
  asked = 0;
});

describe('EgressClient refuses, without a connection (threats.md B1)', () => {
  const hosts = [
    '127.0.0.1',
    '127.1',
    '0',
    '0.0.0.0',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '017700000001',
    '0177.0.0.1',
    '127.0.0.1.',
    'localhost',
    'localhost.',
    'LOCALHOST',
    'a.localhost',
    '①②⑦.0.0.1',
    '%31%32%37.0.0.1',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::a00:1]',
    '[64:ff9b:1::a00:1]',
    '[2002:7f00:1::]',
    '[2002:a9fe:a9fe::1]',
    '[2001:0:1::1]',
    '169.254.169.254',
    '[::ffff:169.254.169.254]',
    '100.100.100.200',
    '168.63.129.16',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[fec0::1]',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[ff02::1]',
    '[2001:db8::1]',
  ];
  for (const host of hosts) {
    test(`host ${host}`, async () => {
      const client = new EgressClient({ lookup: resolverOf([{ address: '127.0.0.1', family: 4 }]) });
      const url = `http://${host}:${port}/hook`;
      expect(() => client.check(url)).toThrow(EgressRefusedError);
      await expect(post(client, url)).rejects.toThrow(EgressRefusedError);
      expect([connections, asked]).toEqual([0, 0]);
    });
  }

  for (const url of [
    'http://ok@127.0.0.1/',
    'https://user:pass@example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'ftp://example.com/',
    'javascript:alert(1)',
    '//example.com',
    'example.com',
    '',
    'http://',
    'http://example.com:22/',
    'http://example.com:25/',
    'http://example.com:6379/',
    'https://example.com:5432/',
    `https://example.com/${'a'.repeat(8_192)}`,
  ]) {
    test(`URL ${url.slice(0, 60)}`, () => {
      expect(() => new EgressClient().check(url)).toThrow(EgressRefusedError);
    });
  }

  test('the message names the setting, and not what the URL holds', () => {
    expect(() => new EgressClient().check('http://127.0.0.1/secret-path')).toThrow(
      /^its address is this machine; .*PRATIQUE_EGRESS_ALLOW/,
    );
  });

  for (const url of [
    'https://hooks.example.com/T/B/x',
    'http://8.8.8.8/',
    'https://[2606:4700::1111]:8443/',
    'https://172.32.0.1/',
  ]) {
    test(`but takes ${url}`, () => {
      expect(new EgressClient().check(url).href).toBe(url);
    });
  }
});

describe('EgressClient looks a host up once and goes to the checked address (threats.md B2)', () => {
  test('a name of a private address is refused, also beside public ones', async () => {
    for (const addresses of [
      [{ address: '127.0.0.1', family: 4 }],
      [
        { address: '8.8.8.8', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
      [{ address: '::ffff:127.0.0.1', family: 6 }],
    ]) {
      const client = new EgressClient({ lookup: resolverOf(addresses) });
      await expect(post(client, `http://rebind.example:${port}/`)).rejects.toThrow(EgressRefusedError);
    }
    expect(connections).toBe(0);
  });

  test('a second answer of the resolver is never asked for', async () => {
    const allowed = { address: '127.0.0.1', family: 4 };
    const client = new EgressClient({
      allow: own,
      lookup: resolverOf([allowed], [{ address: '127.0.0.2', family: 4 }]),
    });
    expect(await post(client, `http://rebind.example:${port}/`)).toEqual({ status: 200 });
    expect([asked, connections, received[0]?.headers.host]).toEqual([1, 1, `rebind.example:${port}`]);
    // The same name at the next request is looked up and checked anew.
    await expect(post(client, `http://rebind.example:${port}/`)).rejects.toThrow(EgressRefusedError);
    expect([asked, connections]).toEqual([2, 1]);
  });

  test('a redirect is an answer and is not followed', async () => {
    answer = (response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/inner` }).end();
    const client = new EgressClient({ allow: own });
    expect(await post(client, `http://127.0.0.1:${port}/outer`)).toEqual({ status: 302 });
    expect(received.map(({ url }) => url)).toEqual(['/outer']);
  });

  test('a block that the admin opened is open, its neighbour is not', async () => {
    const client = new EgressClient({ allow: own });
    expect((await post(client, `http://127.0.0.1:${port}/`)).status).toBe(200);
    expect(
      (await post(client, `http://[::ffff:127.0.0.1]:${port}/`).catch((error) => error)) instanceof
        EgressRefusedError,
    ).toBe(false);
    await expect(post(client, `http://127.0.0.2:${port}/`)).rejects.toThrow(EgressRefusedError);
  });
});

describe('EgressClient bounds an exchange (threats.md B6)', () => {
  test('an answer that does not come ends in time', async () => {
    answer = () => {};
    const client = new EgressClient({ allow: own, timeoutMs: 200 });
    const error = await post(client, `http://127.0.0.1:${port}/`).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EgressFailedError);
    expect(String(error)).toContain('no answer came within 0.2 s');
  });

  test('a resolver that does not answer ends in time', async () => {
    const client = new EgressClient({ lookup: () => new Promise(() => {}), timeoutMs: 100 });
    await expect(post(client, 'http://slow.example/')).rejects.toThrow('no answer came within 0.1 s');
  });

  test('a body without end is cut', async () => {
    const { promise: cut, resolve } = Promise.withResolvers<void>();
    answer = (response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(32 * 1024)), 1);
      response.on('close', () => {
        clearInterval(timer);
        resolve();
      });
    };
    const client = new EgressClient({ allow: own });
    expect(await post(client, `http://127.0.0.1:${port}/`)).toEqual({ status: 200 });
    await cut;
  });

  test('nothing of what the other side writes is in an error', async () => {
    const speaker = createTcpServer((socket) => socket.end('SSH-2.0-secret-banner\r\n'));
    await new Promise<void>((resolve) => speaker.listen(0, '127.0.0.1', resolve));
    const { port: other } = speaker.address() as AddressInfo; // it listens on TCP
    const client = new EgressClient({ allow: own });
    const error = await post(client, `http://127.0.0.1:${other}/`).catch((caught: unknown) => caught);
    speaker.close();
    expect(error).toBeInstanceOf(EgressFailedError);
    expect(String(error)).not.toContain('secret-banner');
    expect(String(error)).toContain('not HTTP');
  });

  test('a port where nobody listens, and plain HTTP where TLS is spoken, are told apart', async () => {
    const client = new EgressClient({ allow: own });
    const free = createTcpServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port: closed } = free.address() as AddressInfo; // it listens on TCP
    await new Promise((resolve) => free.close(resolve));
    await expect(post(client, `http://127.0.0.1:${closed}/`)).rejects.toThrow('nothing answers');
    await expect(post(client, `https://127.0.0.1:${port}/`)).rejects.toThrow('TLS');
  });
});

test('EgressClient.post() sends headers and body, and tells status and Retry-After', async () => {
  answer = (response) => response.writeHead(503, { 'retry-after': '7' }).end('a body that nobody sees');
  const client = new EgressClient({ allow: own });
  const told = await client.post({
    url: `http://127.0.0.1:${port}/hook?x=1`,
    headers: { 'content-type': 'application/json' },
    body: '{"a":"ü"}',
  });
  expect(told).toEqual({ status: 503, retryAfterSeconds: 7 });
  expect(received).toMatchObject([
    { url: '/hook?x=1', body: '{"a":"ü"}', headers: { 'content-length': '10' } },
  ]);
});
