import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';

/** The network failed before or while an answer was read: another attempt may get past it. */
export class NetworkError extends Error {
  readonly code = 'network';
  override readonly name = 'NetworkError';
}

export interface HttpRequest {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
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
 * GET by node's own client, following up to five redirects but none from https to http. It is not `fetch`, because undici
 * as of Node 24.21 ends the process when a server closes while our disk is slower than the network
 * (https://github.com/nodejs/undici/issues/5360); this can go when Node bundles an undici with its pull request 5474.
 */
export async function httpGet(request: HttpRequest): Promise<HttpAnswer> {
  let address = request.address;
  for (let redirects = 0; ; redirects += 1) {
    const response = await send({ ...request, address });
    const target = redirectTarget(address, response);
    if (target === undefined) return answerOf(response);
    response.destroy();
    if (redirects >= redirectsMax) throw new NetworkError(`over ${redirectsMax} redirects`);
    if (address.startsWith('https:') && !target.startsWith('https:')) {
      throw new NetworkError(`a redirect from https to "${target}"`);
    }
    address = target;
  }
}

function send({ address, headers, signal }: HttpRequest): Promise<IncomingMessage> {
  const get = address.startsWith('https:') ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    get(address, { headers: { 'user-agent': 'pratique', ...headers }, signal }, resolve).on(
      'error',
      (error) => {
        reject(new NetworkError(reasonOf(error), { cause: error }));
      },
    );
  });
}

function redirectTarget(address: string, response: IncomingMessage): string | undefined {
  const { statusCode, headers } = response;
  if (headers.location === undefined || ![301, 302, 303, 307, 308].includes(statusCode ?? 0))
    return undefined;
  const target = URL.parse(headers.location, address);
  if (target?.protocol === 'http:' || target?.protocol === 'https:') return target.href;
  throw new NetworkError(`a redirect to "${headers.location}"`);
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
        throw new NetworkError(reasonOf(error), { cause: error });
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    response.destroy();
  }
}

/** What Node's codes of the system's errors mean to people; they stay in the text, for who searches for them. */
const plainWords: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'the name of the host could not be looked up; is there a network',
  ENOTFOUND: 'the name of the host is not known',
  ECONNREFUSED: 'nothing answers at that address and port',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no network',
  ETIMEDOUT: 'the host did not answer in time',
};

/** An attempt at several addresses of a host fails with one error for all, which has no message. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return String(first);
  const code = 'code' in first && typeof first.code === 'string' ? first.code : '';
  const words = plainWords[code];
  return words === undefined ? first.message || first.name : `${words} (${code})`;
}
