import { lookup as systemLookup } from 'node:dns/promises';
import { type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import { blockListOf, refusalOf } from './address-range.ts';
import { connectionReason } from './connection-reason.ts';
import { EgressFailedError, EgressRefusedError } from './egress-error.ts';
import { hostOf, parseEgressUrl } from './egress-url.ts';

/** An address of a host, as `dns.lookup` gives it. */
export interface HostAddress {
  readonly address: string;
  readonly family: number;
}

export interface EgressClientOptions {
  /** Blocks of addresses that are open although they are private. Default none. */
  readonly allow?: readonly string[];
  /** Default: the system's resolver. */
  readonly lookup?: (host: string) => Promise<readonly HostAddress[]>;
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
      const addresses = await abortable(this.#checkedAddresses(url), signal);
      return answerOf(await this.#send({ url, addresses, request, signal }));
    } catch (error) {
      if (error instanceof EgressRefusedError) throw error;
      request.signal?.throwIfAborted();
      if (timeout.aborted) throw new EgressFailedError(`no answer came within ${timeoutMs / 1_000} s`);
      throw new EgressFailedError(reasonOf(error), { cause: error });
    }
  }

  /** All of them are checked: a host with one private address among others is refused. */
  async #checkedAddresses(url: URL): Promise<readonly HostAddress[]> {
    const host = hostOf(url);
    const version = isIP(host);
    const addresses =
      version !== 0 ? [{ address: host, family: version }] : await (this.#options.lookup ?? lookUp)(host);
    if (addresses.length === 0) throw new EgressFailedError('its host has no address');
    for (const { address } of addresses) {
      const refusal = refusalOf(address, this.#allowed);
      if (refusal !== undefined) throw new EgressRefusedError(`its host has an address that is ${refusal}`);
    }
    return addresses;
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

async function lookUp(host: string): Promise<readonly HostAddress[]> {
  return await systemLookup(host, { all: true });
}

/** Answers the connection's own question for addresses with those that were checked. */
function pinnedTo(addresses: readonly HostAddress[]): LookupFunction {
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

function reasonOf(error: unknown): string {
  if (error instanceof EgressFailedError) return error.message;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : '';
  return code.startsWith('HPE_') ? `its answer is not HTTP (${code})` : connectionReason(code);
}
