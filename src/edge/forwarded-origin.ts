import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { TrustedPeers } from './trusted-peers.ts';

const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;
const portPattern = /^[0-9]{1,5}$/;
const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * Makes the standard `X-Forwarded-*` headers of a trusted proxy's `Forwarded` header (RFC 7239 §4), so that the rest
 * reads one form. Where any `X-Forwarded-*` is there it wins: proxies that write those pass a client's `Forwarded` on.
 */
export function readForwardedHeader(request: IncomingMessage, peers: TrustedPeers): void {
  const { headers } = request;
  const forwarded = headers['forwarded'];
  if (forwarded === undefined || !peers.includes(request.socket.remoteAddress)) return;
  if (Object.keys(headers).some((name) => name.startsWith('x-forwarded-'))) return;
  const elements = forwarded.split(',').map(parseElement);
  const addresses = elements.flatMap(({ for: node }) => (node === undefined ? [] : [addressOf(node)]));
  const last = elements.at(-1);
  if (addresses.length > 0) headers['x-forwarded-for'] = addresses.join(', ');
  if (last?.proto !== undefined) headers['x-forwarded-proto'] = last.proto;
  if (last?.host !== undefined) headers['x-forwarded-host'] = last.host;
}

/**
 * The URL under which a trusted proxy says that it was reached, without a slash at the end; undefined when the peer is
 * not trusted, says neither scheme nor host, or says what is none. Of several values the nearest proxy's, the last, counts.
 */
export function forwardedOrigin(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  options: { readonly peers: TrustedPeers /** What this server itself speaks. */; readonly scheme: string },
): string | undefined {
  if (!options.peers.includes(request.socket.remoteAddress)) return undefined;
  const { headers } = request;
  const proto = lastOf(headers, 'x-forwarded-proto')?.toLowerCase();
  const forwardedHost = lastOf(headers, 'x-forwarded-host');
  if (proto === undefined && forwardedHost === undefined) return undefined;
  const scheme = proto ?? options.scheme;
  const host = forwardedHost ?? headers.host ?? '';
  if (!(scheme in defaultPorts) || !hostPattern.test(host)) return undefined;
  const port = lastOf(headers, 'x-forwarded-port');
  const isBare = !/:[0-9]+$/.test(host.replace(/^\[.*\]/, ''));
  const needsPort = isBare && port !== undefined && portPattern.test(port) && port !== defaultPorts[scheme];
  const text = `${scheme}://${host}${needsPort ? `:${port}` : ''}`;
  return URL.canParse(text) ? new URL(text).origin : undefined;
}

function lastOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  const text = Array.isArray(value) ? value.join(',') : value;
  const last = text?.split(',').at(-1)?.trim();
  return last === '' ? undefined : last;
}

interface ForwardedElement {
  readonly for?: string;
  readonly proto?: string;
  readonly host?: string;
}

function parseElement(element: string): ForwardedElement {
  const pairs = element.split(';').flatMap((pair) => {
    const [, name, value] = /^\s*(for|proto|host)\s*=\s*"?([^"]*?)"?\s*$/i.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value]];
  });
  return Object.fromEntries(pairs);
}

/** RFC 7239 §6: `192.0.2.43:47011`, `[2001:db8::17]:4711`, `unknown` or `_hidden`. */
function addressOf(node: string): string {
  const [, inBrackets] = /^\[([^\]]+)\]/.exec(node) ?? [];
  return inBrackets ?? node.replace(/:[0-9]+$/, '');
}
