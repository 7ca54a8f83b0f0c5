import { type IncomingHttpHeaders, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { buffer } from 'node:stream/consumers';

/** An answer as it came: redirects are not followed. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** PEM of further authorities that may sign the server's certificate. */
  readonly authorities?: readonly string[];
}

const answerMsMax = 15_000;

/** Sends one request over a connection of its own. Rejects with the error of DNS, TCP, TLS or a timeout. */
export async function ask(url: URL, question: Question = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = question;
  return await new Promise((resolve, reject) => {
    const request = open(url, question, { method, headers });
    request.on('error', reject);
    request.on('response', (response) => {
      buffer(response).then((bytes) => {
        const { statusCode = 0, headers: answered } = response;
        resolve({ status: statusCode, headers: answered, text: bytes.toString('utf8') });
      }, reject);
    });
    // Without a length Node sends the body in chunks, as clients that stream do.
    if (body === undefined) request.end();
    else request.end(body);
  });
}

/** Whether a body of `sizeBytes` would be let in: asked by `Expect: 100-continue`, so that none is sent. */
export async function askForSize(
  url: URL,
  question: Question & { readonly sizeBytes: number },
): Promise<{ readonly kind: 'accepted' } | { readonly kind: 'answered'; readonly status: number }> {
  const headers = {
    ...question.headers,
    'content-length': String(question.sizeBytes),
    expect: '100-continue',
  };
  return await new Promise((resolve, reject) => {
    const request = open(url, question, { method: 'POST', headers });
    const finish = (result: Awaited<ReturnType<typeof askForSize>>) => {
      resolve(result);
      request.destroy();
    };
    request.on('error', reject);
    request.on('continue', () => finish({ kind: 'accepted' }));
    request.on('response', (response) => finish({ kind: 'answered', status: response.statusCode ?? 0 }));
    request.flushHeaders();
  });
}

function open(url: URL, { authorities }: Question, options: RequestOptions) {
  const common = { ...options, agent: false, timeout: answerMsMax };
  const request =
    url.protocol === 'https:'
      ? requestHttps(url, { ...common, ...(authorities === undefined ? {} : { ca: [...authorities] }) })
      : requestHttp(url, common);
  request.on('timeout', () => request.destroy(new Error(`no answer within ${answerMsMax} ms`)));
  return request;
}
