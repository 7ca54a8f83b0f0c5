import { lookup as systemLookup } from 'node:dns/promises';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import { refusalOf } from './address-range.ts';
import { EgressFailedError, EgressRefusedError } from './egress-error.ts';
import { hostOf } from './egress-url.ts';

/** An address of a host, as `dns.lookup` gives it. */
export interface HostAddress {
  readonly address: string;
  readonly family: number;
}

export type HostLookup = (host: string) => Promise<readonly HostAddress[]>;

/**
 * The addresses of the URL's host, of which all are checked: a host with one private address among others is refused
 * (threats.md B1, B2). Throws `EgressRefusedError`, `EgressFailedError`, the
 * signal's reason, or what `lookup` throws, which is the system's by default.
 */
export async function checkedAddresses(
  url: URL,
  options: {
    /** Blocks of addresses that are open although they are private. */
    readonly allowed: BlockList;
    readonly lookup?: HostLookup | undefined;
    readonly signal: AbortSignal;
  },
): Promise<readonly HostAddress[]> {
  const { allowed, lookup = lookUp, signal } = options;
  const host = hostOf(url);
  const family = isIP(host);
  const addresses = family === 0 ? await abortable(lookup(host), signal) : [{ address: host, family }];
  if (addresses.length === 0) throw new EgressFailedError('its host has no address');
  for (const { address } of addresses) {
    const refusal = refusalOf(address, allowed);
    if (refusal !== undefined) throw new EgressRefusedError(`its host has an address that is ${refusal}`);
  }
  return addresses;
}

async function lookUp(host: string): Promise<readonly HostAddress[]> {
  return await systemLookup(host, { all: true });
}

/** Answers the connection's own question for addresses with those that were checked. */
export function pinnedTo(addresses: readonly HostAddress[]): LookupFunction {
  return (_host, options, callback) => {
    if (options.all === true) {
      callback(
        null,
        addresses.map(({ address, family }) => ({ address, family })),
      );
      return;
    }
    const [first] = addresses;
    callback(null, first?.address ?? '', first?.family);
  };
}

async function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
