import { randomBytes } from 'node:crypto';
import { digestOf } from '../bytes/digest.ts';
import { type Answer, ask, askForSize, type Question } from './ask.ts';
import { type DoctorFinding, failed, ok, skipped, warning } from './doctor-finding.ts';
import { examineConnection, messageOf } from './examine-connection.ts';

export interface ExaminationOptions {
  /** Where clients reach the registry. */
  readonly url: URL;
  readonly login?: { readonly name: string; readonly password: string };
  /** `<namespace>/<repository>` that a small blob is pushed to and deleted from. */
  readonly repository?: string;
  /** PEM of further authorities. */
  readonly authorities?: readonly string[];
  readonly now: Date;
}

const skewMsMax = 30_000;
/** A layer of a gibibyte is nothing unusual. */
const layerSizeBytes = 1024 ** 3;
const proxyAdvice =
  'set PRATIQUE_EXTERNAL_URL to the address that clients use, or PRATIQUE_TRUSTED_PROXIES to the proxy and let it send X-Forwarded-Proto and X-Forwarded-Host';

/** Does what a client does, step by step, as far as each step lets the next one begin (pains.md 34). */
export async function examineRegistry(options: ExaminationOptions): Promise<readonly DoctorFinding[]> {
  const findings: DoctorFinding[] = [...(await examineConnection(options.url, options))];
  if (findings.some(({ result }) => result === 'failed')) return findings;
  const add = (finding: DoctorFinding) => findings.push(finding);
  try {
    const ping = await ask(new URL('/v2/', options.url), question(options));
    add(examineClock(ping, options.now));
    const realm = examinePing(ping, options.url, add);
    if (realm === undefined) return findings;
    const token = await examineToken(realm, options, add);
    add(await examineBodySize(options));
    if (token !== undefined) add(await examineSignedIn(token, options));
    add(await examineUpload(options));
  } catch (error) {
    add(
      failed(
        'HTTP',
        `no answer: ${messageOf(error)}`,
        'check that the proxy passes / on to the server, whole',
      ),
    );
  }
  return findings;
}

function question(options: ExaminationOptions): Question {
  return options.authorities === undefined ? {} : { authorities: options.authorities };
}

function examineClock(answer: Answer, now: Date): DoctorFinding {
  const date = Date.parse(answer.headers.date ?? '');
  if (Number.isNaN(date)) return skipped('clock', 'the answer has no date');
  const skewMs = Math.abs(date - now.getTime());
  if (skewMs <= skewMsMax) return ok('clock', 'this machine and the server agree');
  return warning(
    'clock',
    `this machine and the server are ${Math.round(skewMs / 1000)} s apart: tokens may look expired`,
    'run a time service (NTP) on both',
  );
}

/** The token service that the challenge names; undefined when there is no usable one. */
function examinePing(answer: Answer, url: URL, add: (finding: DoctorFinding) => void): URL | undefined {
  const header = answer.headers['www-authenticate'] ?? '';
  const [, realm] = /^Bearer .*?realm="([^"]+)"/i.exec(header) ?? [];
  if (answer.status !== 401 || realm === undefined || !URL.canParse(realm)) {
    add(
      failed(
        'GET /v2/',
        `got ${answer.status}${header === '' ? ' without a challenge' : ` with "${header}"`}, where a registry answers 401 with a Bearer challenge`,
        'let the proxy pass /v2/ and its headers on to this server, without a sign-in of its own',
      ),
    );
    return undefined;
  }
  add(ok('GET /v2/', '401 with a Bearer challenge'));
  const named = new URL(realm);
  if (named.protocol !== url.protocol) {
    add(
      failed('realm', `the realm says ${named.protocol}// while clients use ${url.protocol}//`, proxyAdvice),
    );
  } else if (named.host !== url.host) {
    add(failed('realm', `the realm says ${named.host} while clients use ${url.host}`, proxyAdvice));
  } else add(ok('realm', realm));
  return named;
}

async function examineToken(
  realm: URL,
  options: ExaminationOptions,
  add: (finding: DoctorFinding) => void,
): Promise<string | undefined> {
  const { login } = options;
  const answer = await ask(realm, { ...question(options), headers: basicOf(login) }).catch(
    (error: unknown) => error,
  );
  if (answer instanceof Error || typeof answer !== 'object' || answer === null || !('status' in answer)) {
    add(failed('token', `the realm ${realm.href} cannot be reached: ${messageOf(answer)}`, proxyAdvice));
    return undefined;
  }
  const { status, text } = answer as Answer; // what `ask` resolves with
  const token = status === 200 ? tokenIn(text) : undefined;
  if (token !== undefined) {
    add(ok('token', login === undefined ? 'an anonymous token was given' : `${login.name} is signed in`));
    return token;
  }
  if (status === 401 && login !== undefined) {
    add(
      failed(
        'token',
        `the name or password of ${login.name} is refused`,
        'check them, and that the proxy passes the Authorization header on',
      ),
    );
  } else {
    add(
      failed('token', `the token service answers ${status}`, 'let the proxy pass /token on to this server'),
    );
  }
  return undefined;
}

function tokenIn(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const isHolder = typeof body === 'object' && body !== null && 'token' in body;
    return isHolder && typeof body.token === 'string' ? body.token : undefined;
  } catch {
    return undefined; // a page of the proxy
  }
}

async function examineSignedIn(token: string, options: ExaminationOptions): Promise<DoctorFinding> {
  const headers = { authorization: `Bearer ${token}` };
  const { status } = await ask(new URL('/v2/', options.url), { ...question(options), headers });
  if (status === 200) return ok('GET /v2/ with the token', '200');
  return failed(
    'GET /v2/ with the token',
    `got ${status} for a fresh token`,
    'let the proxy pass the Authorization header on; let all replicas use one database and one data key',
  );
}

async function examineBodySize(options: ExaminationOptions): Promise<DoctorFinding> {
  const url = new URL('/v2/doctor/probe/blobs/uploads/', options.url);
  const result = await askForSize(url, { ...question(options), sizeBytes: layerSizeBytes });
  if (result.kind === 'answered' && result.status === 413)
    return failed(
      'body size',
      'a proxy refuses a layer of 1 GiB (413)',
      'lift its limit, in nginx: client_max_body_size 0;',
    );
  return ok('body size', 'a layer of 1 GiB would be let in');
}

/** Pushes a small blob in chunks and deletes it again. */
async function examineUpload(options: ExaminationOptions): Promise<DoctorFinding> {
  const { login, repository } = options;
  if (login === undefined || repository === undefined)
    return skipped('upload', 'give --user and --repository to push a small blob and delete it');
  const headers = basicOf(login);
  const send = (url: URL, method: string, extra: Question = {}) =>
    ask(url, { ...question(options), method, ...extra, headers: { ...headers, ...extra.headers } });
  const opened = await send(new URL(`/v2/${repository}/blobs/uploads/`, options.url), 'POST');
  if (opened.status !== 202)
    return failed(
      'upload',
      `opening one answers ${opened.status}: ${opened.text.slice(0, 300)}`,
      `let ${login.name} push to ${repository}`,
    );
  const upload = new URL(opened.headers.location ?? '', options.url);
  if (upload.origin !== options.url.origin)
    return failed('upload', `its address is below ${upload.origin}`, proxyAdvice);
  const bytes = randomBytes(2 * 1024 * 1024);
  const sent = await send(upload, 'PATCH', {
    body: bytes,
    headers: { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' },
  });
  if (sent.status !== 202)
    return failed(
      'upload',
      `2 MiB in chunks answer ${sent.status}`,
      "lift the proxy's body limit and let it pass chunked bodies, in nginx: client_max_body_size 0; proxy_http_version 1.1; proxy_request_buffering off;",
    );
  const digest = digestOf(bytes);
  const end = new URL(upload);
  end.searchParams.set('digest', digest);
  const ended = await send(end, 'PUT');
  if (ended.status !== 201)
    return failed('upload', `ending it answers ${ended.status}`, 'see the log of the server');
  const removed = await send(new URL(`/v2/${repository}/blobs/${digest}`, options.url), 'DELETE');
  if (removed.status === 202) return ok('upload', '2 MiB pushed in chunks and deleted again');
  return warning(
    'upload',
    `2 MiB pushed in chunks; deleting them answers ${removed.status}`,
    `let ${login.name} delete in ${repository}, or let garbage collection take them`,
  );
}

function basicOf(login: ExaminationOptions['login']): Readonly<Record<string, string>> {
  if (login === undefined) return {};
  const text = Buffer.from(`${login.name}:${login.password}`).toString('base64');
  return { authorization: `Basic ${text}` };
}
