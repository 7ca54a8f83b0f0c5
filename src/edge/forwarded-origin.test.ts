import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { forwardedOrigin, readForwardedHeader } from './forwarded-origin.ts';
import { TrustedPeers } from './trusted-peers.ts';

const peers = new TrustedPeers(['10.0.0.0/8', '::1']);

/** The parts of a request that are read; the rest of a real one is a socket's. */
function requestOf(remoteAddress: string, headers: IncomingHttpHeaders): IncomingMessage {
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
}

function originOf(headers: IncomingHttpHeaders, remoteAddress = '10.1.2.3'): string | undefined {
  const request = requestOf(remoteAddress, { host: 'inner:5000', ...headers });
  readForwardedHeader(request, peers);
  return forwardedOrigin(request, { peers, scheme: 'http' });
}

describe('TrustedPeers', () => {
  it.each([
    ['10.255.0.1', true],
    ['::ffff:10.0.0.1', true],
    ['::1', true],
    ['11.0.0.1', false],
    ['::2', false],
    ['', false],
    [undefined, false],
  ])('includes(%j) is %j', (address, expected) => expect(peers.includes(address)).toBe(expected));
});

describe('forwardedOrigin()', () => {
  it.each([
    [{}, undefined],
    [{ 'x-forwarded-for': '1.2.3.4' }, undefined],
    [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example' }, 'https://r.example'],
    [{ 'x-forwarded-proto': 'HTTPS', host: 'r.example:8443' }, 'https://r.example:8443'],
    [{ 'x-forwarded-host': 'r.example' }, 'http://r.example'],
    [
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example', 'x-forwarded-port': '8443' },
      'https://r.example:8443',
    ],
    [
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example:1', 'x-forwarded-port': '2' },
      'https://r.example:1',
    ],
    [
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example', 'x-forwarded-port': '443' },
      'https://r.example',
    ],
    [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': '[2001:db8::1]' }, 'https://[2001:db8::1]'],
    [{ 'x-forwarded-proto': 'http,https', 'x-forwarded-host': 'evil, r.example' }, 'https://r.example'],
    [{ 'x-forwarded-proto': 'ftp', 'x-forwarded-host': 'r.example' }, undefined],
    [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example"/evil' }, undefined],
    [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'user@r.example' }, undefined],
    [{ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example:99999' }, undefined],
    [{ forwarded: 'for=1.2.3.4;proto=https;host=r.example' }, 'https://r.example'],
    [
      { forwarded: 'for=evil;host=evil, for="[2001:db8::1]:80"; Proto=https;HOST="r.example:8443"' },
      'https://r.example:8443',
    ],
    // A proxy that writes X-Forwarded-* passes a client's Forwarded on: it must not count.
    [{ 'x-forwarded-for': '1.2.3.4', forwarded: 'proto=https;host=evil' }, undefined],
  ])('of %j is %j', (headers, expected) => expect(originOf(headers)).toBe(expected));

  it('is undefined for a peer that is not trusted', () => {
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'r.example' };
    expect(originOf(headers, '192.0.2.1')).toBeUndefined();
    expect(originOf({ forwarded: 'proto=https;host=r.example' }, '192.0.2.1')).toBeUndefined();
  });
});

describe('readForwardedHeader()', () => {
  it('makes X-Forwarded-For of every address, without ports', () => {
    const request = requestOf('::1', { forwarded: 'for=1.2.3.4:80, for="[2001:db8::1]:80", for=unknown' });
    readForwardedHeader(request, peers);
    expect(request.headers['x-forwarded-for']).toBe('1.2.3.4, 2001:db8::1, unknown');
  });
});
