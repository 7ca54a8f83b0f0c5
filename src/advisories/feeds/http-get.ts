import { get as getPlain, type IncomingMessage, Agent as PlainAgent } from 'node:http';
import { get as getSecure, Agent as SecureAgent } from 'node:https';
import type { BlockList } from 'node:net';
import { refusalOf } from '../../egress/address-range.ts';
import { checkedAddresses, type HostAddress, pinnedTo } from '../../egress/checked-addresses.ts';
import { reasonOfConnection } from '../../egress/connection-reason.ts';
import { EgressFailedError, EgressRefusedError } from '../../egress/egress-error.ts';
import { parseEgressUrl } from '../../egress/egress-url.ts';

/** The network failed before or while an answer was read: another attempt may get past it. */
export class NetworkError extends Error {
  readonly code = 'network';
  override readonly name = 'NetworkError';
}

export interface HttpRequest {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Private addresses that redirects of public ones may lead to. */
  readonly allowed: BlockList;
}

export interface HttpAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  /** Throws NetworkError when the body ends too early. Leaving the loop closes the connection. */
  body(): AsyncGenerator<Buffer>;
  /** Frees the connection of an answer whose body is of no interest. */
  discard(): void;
}

const redirectsMax = 5;

/**
 * GET by node's own client, following up to five redirects but none from https to http. The first address is the operator's and
 * may be private; where somebody on a public address (or on an allowed one) redirects to, and all behind it, is checked as
 * the targets of webhooks are (threats.md B1, B2). Throws NetworkError, or EgressRefusedError for such a redirect; no text of
 * the other side is in either. It is not `fetch`, because undici
 * as of Node 24.21 ends the process when a server closes while our disk is slower than the network
 * (https://github.com/nodejs/undici/issues/5360); this can go when Node bundles an undici with its pull request 5474.
 */
export async function httpGet(request: HttpRequest): Promise<HttpAnswer> {
  let hop: Hop = { url: new URL(request.address) };
  for (let redirects = 0; ; redirects += 1) {
    const response = await send(request, hop);
    const target = redirectTarget(hop.url, response);
    if (target === undefined) return answerOf(response);
    const isGuarded = hop.checked !== undefined || isOpen(response.socket.remoteAddress, request.allowed);
    response.destroy();
    if (redirects >= redirectsMax) throw new NetworkError(`over ${redirectsMax} redirects`);
    hop = isGuarded ? await guarded(request, hop.url, target) : { url: target };
  }
}

interface Hop {
  readonly url: URL;
  /** The addresses that the connection may go to; absent: those that the system finds. */
  readonly checked?: readonly HostAddress[];
}

function send({ headers, signal }: HttpRequest, { url, checked }: Hop): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:';
  // A connection that waits for another request was made to an address that nobody checked.
  const pinned = checked && {
    agent: new (isSecure ? SecureAgent : PlainAgent)({ keepAlive: false }),
    lookup: pinnedTo(checked),
  };
  return new Promise((resolve, reject) => {
    const options = { headers: { 'user-agent': 'pratique', ...headers }, signal, ...pinned };
    (isSecure ? getSecure : getPlain)(url, options, resolve).on('error', (error) => {
      reject(new NetworkError(reasonOfConnection(error), { cause: error }));
    });
  });
}

function redirectTarget(from: URL, response: IncomingMessage): URL | undefined {
  const { statusCode, headers } = response;
  if (headers.location === undefined || ![301, 302, 303, 307, 308].includes(statusCode ?? 0))
    return undefined;
  const target = URL.parse(headers.location, from.href);
  const isWeb = target?.protocol === 'http:' || target?.protocol === 'https:';
  if (target === null || !isWeb) throw new NetworkError('a redirect to what is no address of the web');
  if (from.protocol === 'https:' && target.protocol !== 'https:')
    throw new NetworkError('a redirect from https to http');
  if (target.origin !== from.origin && (target.username !== '' || target.password !== ''))
    throw new NetworkError('a redirect to an address with a user in it');
  return target;
}

/** An address that a request of anybody may go to: who is there is not trusted with the way to others. */
function isOpen(address: string | undefined, allowed: BlockList): boolean {
  return address === undefined || refusalOf(address, allowed) === undefined;
}

async function guarded({ allowed, signal }: HttpRequest, from: URL, target: URL): Promise<Hop> {
  if (target.origin !== from.origin) parseEgressUrl(target.href, allowed);
  try {
    return { url: target, checked: await checkedAddresses(target, { allowed, signal }) };
  } catch (error) {
    if (error instanceof EgressRefusedError) throw error;
    const reason = error instanceof EgressFailedError ? error.message : reasonOfConnection(error);
    throw new NetworkError(reason, { cause: error });
  }
}

function answerOf(response: IncomingMessage): HttpAnswer {
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: () => readBody(response),
    discard: () => void response.destroy(),
  };
}

async function* readBody(response: IncomingMessage): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        throw new NetworkError(reasonOfConnection(error), { cause: error });
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    response.destroy();
  }
}
