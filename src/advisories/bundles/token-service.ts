import { isIP } from 'node:net';

/**
 * Whether a registry's token service may be given the user's password: it is of the registry's own origin, or its name of the
 * same domain as the registry's (threats.md B3). Others get none, whatever the registry says.
 */
export function isTokenServiceOf(registryOrigin: string, service: URL): boolean {
  const registry = new URL(registryOrigin);
  if (service.protocol === registry.protocol && service.port === registry.port) {
    const [own, other] = [hostOf(registry), hostOf(service)];
    if (own === other || (isLoopback(own) && isLoopback(other))) return true;
  }
  if (service.protocol !== 'https:' && service.protocol !== registry.protocol) return false;
  const domain = domainOf(hostOf(registry));
  return domain !== undefined && domain === domainOf(hostOf(service));
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** What countries sell names below: `co.uk`, `com.au`. */
const soldPattern = /^(?:ac|co|com|edu|gob|go|gov|ne|net|or|org)\.[a-z]{2}$/;

/** What somebody registered: the last two labels, or three; undefined for addresses and names without a domain. */
function domainOf(host: string): string | undefined {
  const labels = host.split('.');
  if (isIP(host) !== 0 || labels.length < 2 || labels.includes('')) return undefined;
  const two = labels.slice(-2).join('.');
  if (!soldPattern.test(two)) return two;
  return labels.length < 3 ? undefined : labels.slice(-3).join('.');
}
