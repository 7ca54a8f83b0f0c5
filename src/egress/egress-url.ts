import type { BlockList } from 'node:net';
import { isIP } from 'node:net';
import { refusalOf } from './address-range.ts';
import { EgressRefusedError } from './egress-error.ts';

/** Ports of services that talk something else than HTTP, and could take a request for commands. */
const deniedPorts = new Set([
  1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4190, 5432, 5672, 6000, 6379, 6566, 6665, 6666,
  6667, 6668, 6669, 6697, 9042, 9092, 10080, 10250, 11211, 27017,
]);
/** Signed URLs of stores are a few thousand characters long; nobody takes more than 8 KiB. */
const urlLengthMax = 8_192;

/**
 * The URL of an outbound request. Throws `EgressRefusedError` for what is none, another scheme, a user in it, a port that
 * is not for HTTP, and a host that is known to be this machine; names are looked up when the request is made.
 */
export function parseEgressUrl(text: string, allowed: BlockList): URL {
  const url = text.length > urlLengthMax ? null : URL.parse(text);
  if (url === null) throw new EgressRefusedError('it must be a URL of at most 8192 characters');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new EgressRefusedError('its scheme must be https or http');
  if (url.username !== '' || url.password !== '')
    throw new EgressRefusedError('it must hold no user and no password');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  if ((port < 1024 && port !== 80 && port !== 443) || deniedPorts.has(port))
    throw new EgressRefusedError(`port ${port} is not one for HTTP`);
  const host = hostOf(url);
  if (host === '') throw new EgressRefusedError('it must name a host');
  if (isIP(host) !== 0) {
    const refusal = refusalOf(host, allowed);
    if (refusal !== undefined) throw new EgressRefusedError(`its address is ${refusal}`);
  } else if (isThisMachine(host) && refusalOf('127.0.0.1', allowed) !== undefined) {
    throw new EgressRefusedError('its host is this machine');
  }
  return url;
}

/** The host without the brackets of an IPv6 address and without a dot at its end. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

/** RFC 6761: whatever a resolver says. */
function isThisMachine(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}
