import { type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import type { BlockList } from 'node:net';
import { blockListOf } from './address-range.ts';
import { checkedAddresses, type HostAddress, type HostLookup, pinnedTo } from './checked-addresses.ts';
import { reasonOfConnection } from './connection-reason.ts';
import { EgressFailedError, EgressRefusedError } from './egress-error.ts';
import { parseEgressUrl } from './egress-url.ts';

export interface EgressClientOptions {
  /** Blocks of addresses that are open although they are private. Default none. */
  readonly allow?: readonly string[];
  /** Default: the system's resolver. */
  readonly lookup?: HostLookup;
  /** For the whole exchange; default 10 s. */
  readonly timeoutMs?: number;
  /** Certificates to trust, PEM. Default: those that Node trusts. */
  readonly certificates?: string;
}

export interface EgressRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal?: AbortSignal;
}

/** What may be told of an answer: nothing that the other side wrote. */
export interface EgressAnswer {
  readonly status: number;
  /** From `Retry-After`, in seconds; absent when it has none in that form. */
  readonly retryAfterSeconds?: number;
}

const timeoutMsDefault = 10_000;
/** Of an answer's body, which is thrown away, so much is read before the connection is cut. */
const answerBytesMax = 64 * 1024;
const headerBytesMax = 16 * 1024;

/**
 * The one way out for requests to addresses that users choose. A host is looked up once, every address of it is
 * checked, and the connection goes to a checked one (threats.md B1, B2); redirects are not followed; certificates count;
 * proxies of the environment are not used, since they would look the host up again.
 */
export class EgressClient {
  readonly #allowed: BlockList;
  readonly #options: EgressClientOptions;

  constructor(options: EgressClientOptions = {}) {
    this.#options = options;
    this.#allowed = blockListOf(options.allow ?? []);
  }

  /** Throws `EgressRefusedError` for a URL that no request would go to, as far as it tells without a look-up. */
  check(url: string): URL {
    return parseEgressUrl(url, this.#allowed);
  }

  /** Throws `EgressRefusedError`, `EgressFailedError`, or the signal's reason. Any status is an answer. */
  async post(request: EgressRequest): Promise<EgressAnswer> {
    const url = this.check(request.url);
    const timeoutMs = this.#options.timeoutMs ?? timeoutMsDefault;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
    try {
      const { lookup } = this.#options;
      const addresses = await checkedAddresses(url, { allowed: this.#allowed, lookup, signal });
      return answerOf(await this.#send({ url, addresses, request, signal }));
    } catch (error) {
      if (error instanceof EgressRefusedError) throw error;
      request.signal?.throwIfAborted();
      if (timeout.aborted) throw new EgressFailedError(`no answer came within ${timeoutMs / 1_000} s`);
      const reason = error instanceof EgressFailedError ? error.message : reasonOfConnection(error);
      throw new EgressFailedError(reason, { cause: error });
    }
  }

  #send(options: {
    url: URL;
    addresses: readonly HostAddress[];
    request: EgressRequest;
    signal: AbortSignal;
  }): Promise<IncomingMessage> {
    const { url, addresses, request, signal } = options;
    const isSecure = url.protocol === 'https:';
    const { certificates } = this.#options;
    const body = Buffer.from(request.body);
    return new Promise((resolve, reject) => {
      const outgoing = (isSecure ? requestSecure : requestPlain)(
        url,
        {
          method: 'POST',
          // One connection for one request, and none of the proxies of the environment.
          agent: isSecure
            ? new SecureAgent({
                keepAlive: false,
                // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
                rejectUnauthorized: true,
                ...(certificates === undefined ? {} : { ca: certificates }),
              })
            : new PlainAgent({ keepAlive: false }),
          lookup: pinnedTo(addresses),
          headers: { 'user-agent': 'pratique', ...request.headers, 'content-length': String(body.length) },
          maxHeaderSize: headerBytesMax,
          signal,
        },
        (response) => {
          response.on('error', () => {});
          drain(response);
          resolve(response);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

/** Reads the rest away, so that the other side sees its answer taken; cuts one that goes on. */
function drain(response: IncomingMessage): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > answerBytesMax) response.destroy();
  });
}

function answerOf({ statusCode, headers }: IncomingMessage): EgressAnswer {
  const retryAfter = headers['retry-after'] ?? '';
  return {
    status: statusCode ?? 0,
    ...(/^\d{1,6}$/.test(retryAfter) ? { retryAfterSeconds: Number(retryAfter) } : {}),
  };
}
