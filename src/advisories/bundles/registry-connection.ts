import { type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readAll } from '../../bytes/read-all.ts';
import { BundleRefusedError, BundleUnreachableError } from './bundle-error.ts';
import type { RegistryAddress } from './registry-address.ts';
import { isTokenServiceOf } from './token-service.ts';

export interface RegistryCredentials {
  readonly user: string;
  readonly password: string;
}

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Path of the registry, or a whole address that it gave. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sizeBytes?: number;
  /** Asked again when the request must be sent again. */
  readonly body?: () => Readable;
}

export interface RegistryConnectionOptions {
  readonly address: RegistryAddress;
  readonly credentials?: RegistryCredentials | undefined;
  /** Rights to ask a token for. */
  readonly actions: 'pull' | 'pull,push';
  readonly signal: AbortSignal;
  /** Longest silence of the other side. */
  readonly idleMs?: number;
}

const idleMsDefault = 60_000;
const redirectsMax = 5;
const tokenBytesMax = 2 ** 20;

/**
 * One repository of a registry by the distribution protocol: Basic or token authentication as the registry asks for it
 * (distribution "spec/auth/token"), redirects followed by reads. Credentials go to the registry and to a token service of its own
 * domain, tokens to the registry alone, neither to where it redirects, and nothing goes from https to http. Throws `BundleUnreachableError`, or the signal's reason.
 */
export class RegistryConnection implements AsyncDisposable {
  readonly #options: RegistryConnectionOptions;
  readonly #agents = {
    http: new PlainAgent({ keepAlive: true }),
    https: new SecureAgent({ keepAlive: true }),
  };
  #authorization: string | undefined;

  constructor(options: RegistryConnectionOptions) {
    this.#options = options;
  }

  /** Any status but 401 and redirects of reads is an answer; the caller reads or discards its body. */
  async send(request: RegistryRequest): Promise<IncomingMessage> {
    const url = this.#resolve(request.target);
    const answer = await this.#sendTo(url, request);
    if (answer.statusCode !== 401) return await this.#followed(url, request, answer);
    answer.resume();
    this.#authorization = await this.#authorize(answer);
    const again = await this.#sendTo(url, request);
    if (again.statusCode === 401) throw await this.failure('it must let us in', again);
    return await this.#followed(url, request, again);
  }

  /** What went wrong, in words that begin with what must hold; takes the answer's body. */
  async failure(rule: string, answer: IncomingMessage): Promise<BundleUnreachableError> {
    const said = await readAll(answer, 64 * 1024).then(
      (bytes) => saidBy(bytes.toString('utf8')),
      () => '',
    );
    return this.error(`${rule}, got ${answer.statusCode}${said}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** `rule` completes the sentence: "it must …, got …". */
  error(rule: string, cause?: unknown): BundleUnreachableError {
    return new BundleUnreachableError(`Cannot use the registry of "${this.#options.address.text}": ${rule}`, {
      cause,
    });
  }

  #resolve(target: string): URL {
    const url = URL.parse(target, this.#options.address.origin);
    if (url !== null && this.#isAllowed(url)) return url;
    throw this.error(`it must name an address that can be used, got "${target.slice(0, 200)}"`);
  }

  /** Whoever began with https stays with it. */
  #isAllowed(url: URL): boolean {
    return (
      url.protocol === 'https:' ||
      (url.protocol === 'http:' && this.#options.address.origin.startsWith('http:'))
    );
  }

  async #followed(from: URL, request: RegistryRequest, first: IncomingMessage): Promise<IncomingMessage> {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    let answer = first;
    let url = from;
    for (let redirects = 0; isRedirect(answer) && isRead; redirects += 1) {
      answer.resume();
      const target = URL.parse(answer.headers.location ?? '', url.href);
      if (target === null || !this.#isAllowed(target) || redirects >= redirectsMax) {
        throw this.error(
          `its redirects must lead on, and not from https to http, got "${answer.headers.location}"`,
        );
      }
      url = target;
      answer = await this.#sendTo(url, request);
    }
    return answer;
  }

  async #sendTo(url: URL, request: RegistryRequest): Promise<IncomingMessage> {
    const isOwn = url.origin === new URL(this.#options.address.origin).origin;
    const authorization =
      isOwn && this.#authorization !== undefined ? { authorization: this.#authorization } : {};
    return await this.#exchange(url, { ...request, headers: { ...request.headers, ...authorization } });
  }

  async #exchange(url: URL, request: RegistryRequest): Promise<IncomingMessage> {
    const { signal, idleMs = idleMsDefault } = this.#options;
    signal.throwIfAborted();
    const isSecure = url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = (isSecure ? requestSecure : requestPlain)(
      url,
      {
        method: request.method,
        agent: isSecure ? this.#agents.https : this.#agents.http,
        headers: {
          'user-agent': 'pratique',
          ...request.headers,
          ...(request.sizeBytes === undefined ? {} : { 'content-length': String(request.sizeBytes) }),
        },
        signal,
        timeout: idleMs,
      },
      resolve,
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`it was silent for ${idleMs / 1_000} s`)));
    outgoing.on('error', reject);
    if (request.body === undefined) outgoing.end();
    else pipeline(request.body(), outgoing).catch(reject);
    try {
      return await promise;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BundleRefusedError || error instanceof BundleUnreachableError) throw error;
      throw this.error(`it must answer at ${url.origin}, got ${messageOf(error)}`, error);
    }
  }

  /** The header that answers a challenge (RFC 9110 §11.6.1). */
  async #authorize(answer: IncomingMessage): Promise<string> {
    const { credentials } = this.#options;
    const challenge = answer.headers['www-authenticate'] ?? '';
    const basic =
      credentials === undefined
        ? undefined
        : `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
    if (/^bearer\s/i.test(challenge)) return await this.#fetchToken(challenge, basic);
    if (/^basic\b/i.test(challenge) && basic !== undefined) return basic;
    const rule =
      basic === undefined ? 'it asks for a user and a password, got none' : 'it must ask for Basic or Bearer';
    throw this.error(basic === undefined ? rule : `${rule}, got "${challenge.slice(0, 100)}"`);
  }

  async #fetchToken(challenge: string, basic: string | undefined): Promise<string> {
    const { origin, repository } = this.#options.address;
    const url = this.#resolve(parameterOf(challenge, 'realm') ?? '');
    if (basic !== undefined && !isTokenServiceOf(origin, url)) {
      throw this.error(
        `its token service must be of its own host or domain to get the password, got ${url.origin}`,
      );
    }
    const service = parameterOf(challenge, 'service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', `repository:${repository}:${this.#options.actions}`);
    const answer = await this.#exchange(url, {
      method: 'GET',
      target: url.href,
      ...(basic === undefined ? {} : { headers: { authorization: basic } }),
    });
    if (answer.statusCode !== 200) {
      throw await this.failure(
        basic === undefined ? 'it must let anonymous clients in' : 'it must let the user in',
        answer,
      );
    }
    const token = tokenOf((await readAll(answer, tokenBytesMax)).toString('utf8'));
    if (token === undefined) throw this.error(`the answer of ${url.origin} must hold a token, got none`);
    return `Bearer ${token}`;
  }
}

function isRedirect({ statusCode = 0, headers }: IncomingMessage): boolean {
  return [301, 302, 303, 307, 308].includes(statusCode) && headers.location !== undefined;
}

function parameterOf(challenge: string, name: string): string | undefined {
  return new RegExp(`[\\s,]${name}="([^"]*)"`, 'i').exec(challenge)?.[1];
}

function tokenOf(text: string): string | undefined {
  const answer = parsed(text);
  const token = answer?.['token'] ?? answer?.['access_token'];
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}

/** Code and message of the first error of the distribution protocol, as one short line. */
function saidBy(text: string): string {
  const errors = parsed(text)?.['errors'];
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== 'object' || first === null) return '';
  const { code, message } = { code: '', message: '', ...first };
  const line = `${code} ${message}`.replace(/[^\x20-\x7e]+/g, ' ').trim();
  return line === '' ? '' : ` "${line.slice(0, 300)}"`;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}
