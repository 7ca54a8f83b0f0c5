import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { freePort } from '../src/testing/free-port.ts';
import { type MailReceiver, startMailReceiver } from '../src/testing/mail-receiver.ts';
import { RegistryClient } from '../src/testing/registry-client.ts';
import { flawedImage, muslFlaw, zlibFlaw } from '../src/testing/samples/flawed-image.ts';
import { StaticMirror } from '../src/testing/static-mirror.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram } from './clients.ts';
import { makeCa } from './self-made-ca.ts';
import { adminAuthorization, type ServerProcess, startServerProcess } from './server-process.ts';

const silent = 'file:/nowhere';
const login = { user: 'pratique', password: 'canary-of-the-smtp-password' };

/** A mail as Python's standard library reads it: not the code that wrote it. */
interface ReadMail {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  readonly defects: readonly string[];
}

function readMail(raw: string): ReadMail {
  const program = `
import email, email.policy, json, sys
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
body = lambda kind: mail.get_body((kind,)).get_content()
print(json.dumps({'headers': {k.lower(): str(v) for k, v in mail.items()}, 'text': body('plain'), 'html': body('html'),
  'defects': [str(d) for part in mail.walk() for d in part.defects]}))`;
  return JSON.parse(execFileSync('python3', ['-c', program], { input: raw, encoding: 'utf8' })) as ReadMail; // as printed above
}

interface Delivery {
  readonly id: number;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly status: number | null;
  readonly error: string | null;
}

// Skipped where openssl or Python is missing; with CI=true its absence is a failure.
describe.skipIf(!hasProgram('openssl') || !hasProgram('python3'))('mail of a real server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-mail-'));
  const ca = makeCa(folder);
  const mirror = new StaticMirror();
  let tls: { certificate: Buffer; key: Buffer };
  let port: number;
  let receiver: MailReceiver;
  let server: ServerProcess;
  let api: ApiClient;
  let registry: RegistryClient;
  let environment: Record<string, string>;

  const deliveries = async (): Promise<readonly Delivery[]> =>
    (await api.call<{ items: Delivery[] }>('GET', '/namespaces/demo/webhooks/1/deliveries')).items;
  const last = async () => (await deliveries())[0];
  const sendTest = async () => await api.call<Delivery>('POST', '/namespaces/demo/webhooks/1/test');
  const subjects = () => receiver.received.map(({ raw }) => readMail(raw).headers['subject']);

  beforeAll(async () => {
    const signed = ca.sign('localhost');
    tls = { certificate: readFileSync(signed.certificate), key: readFileSync(signed.key) };
    // Not one of those that the system gives away: it must be free when the receiver is back.
    port = await freePort();
    receiver = await startMailReceiver({ tls, login, port });
    const root = await mirror.start();
    mirror.set('/ecosystems.txt', 'Alpine\n');
    mirror.setFolder('Alpine', [muslFlaw]);
    environment = {
      PRATIQUE_ADVISORIES: root,
      PRATIQUE_KEV: silent,
      PRATIQUE_EPSS: silent,
      PRATIQUE_SMTP_HOST: 'localhost',
      PRATIQUE_SMTP_PORT: String(port),
      PRATIQUE_SMTP_USER: login.user,
      PRATIQUE_SMTP_PASSWORD: login.password,
      PRATIQUE_SMTP_FROM: 'pratique@registry.test',
      PRATIQUE_LOG_LEVEL: 'debug',
      NODE_EXTRA_CA_CERTS: ca.file,
      // What is heeded by nobody.
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    };
    server = await startServerProcess({ environment });
    api = new ApiClient(server.url);
    registry = new RegistryClient(server.url, { authorization: adminAuthorization });
    await api.syncAdvisories(['Alpine']);
    await api.call('POST', '/namespaces', { name: 'demo' });
    await api.call('POST', '/namespaces/demo/webhooks', {
      name: 'owners',
      format: 'email',
      recipients: ['ann@example.com', 'bob@example.com'],
      kinds: ['pull.blocked', 'findings.changed'],
    });
  });
  afterAll(async () => {
    await server?.stop();
    server?.clean();
    await receiver?.close();
    await mirror.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes signed in, over TLS whose certificate counts, one to each recipient', async () => {
    expect(await sendTest()).toMatchObject({ state: 'delivered', status: 250, error: null });
    expect(receiver.received).toMatchObject([
      { to: ['ann@example.com'], user: 'pratique', isSecure: true, from: 'pratique@registry.test' },
      { to: ['bob@example.com'], user: 'pratique', isSecure: true },
    ]);
    const mail = readMail(receiver.received[0]?.raw ?? '');
    expect(mail).toMatchObject({
      defects: [],
      headers: {
        from: 'Pratique <pratique@registry.test>',
        to: 'ann@example.com',
        subject: '[Pratique] demo: This is a test of the mail target owners',
        'auto-submitted': 'auto-generated',
        'list-id': expect.stringMatching(/^<demo\.pratique\./),
      },
    });
    expect(mail.text).toContain(
      `${server.url.replace('127.0.0.1', 'localhost')}/namespaces/demo?tab=webhooks`,
    );
  });

  it('tells of an update of the advisories once for a namespace, whatever number of images it touches', async () => {
    for (const [repository, content] of [
      ['app', 'one'],
      ['other', 'two'],
      ['third', 'three'],
    ] as const) {
      await registry.pushImage(`demo/${repository}`, '1.0', flawedImage(content));
      await api.scannedImage('demo', repository, '1.0');
    }
    // Two for the test, and two for each push.
    await expect.poll(() => receiver.received.length).toBe(8);
    mirror.setFolder('Alpine', [zlibFlaw, muslFlaw]);
    await api.call('POST', '/advisories/sync', {});
    await expect.poll(() => receiver.received.length).toBe(10);
    expect(subjects().slice(8)).toEqual(Array(2).fill('[Pratique] demo: vulnerabilities in 3 images: 1 new'));
    const mails = receiver.received.slice(8).map(({ raw }) => readMail(raw));
    for (const { text, html, defects } of mails) {
      expect(defects).toEqual([]);
      expect(text).toContain('* new: CVE-2024-1002 (unknown) in zlib 1.2.11-r0, fixed in 9.9.9-r0');
      expect(html).toContain('CVE-2024-1002');
      expect(text).not.toContain('CVE-2024-1001');
    }
    expect(new Set(mails.map(({ headers }) => headers['message-id'])).size).toBe(2);
  });

  it('waits for a server that is down, and comes once it is back', async () => {
    await api.call('PATCH', '/namespaces/demo', { policy: { mode: 'enforce', minSeverity: 'low' } });
    await receiver.close();
    expect((await registry.send('/v2/demo/app/manifests/1.0')).status).toBe(403);
    await expect.poll(last).toMatchObject({
      state: 'waiting',
      status: null,
      error: 'the mail server: nothing answers at its address and port (ECONNREFUSED)',
    });
    receiver = await startMailReceiver({ tls, login, port });
    await expect.poll(last).toMatchObject({ state: 'delivered', status: 250 });
    expect((await last())?.attempts).toBeGreaterThan(1);
    expect(subjects()).toEqual(Array(2).fill("[Pratique] demo: admin's pull of demo/app:1.0 was refused"));
  });

  it('is tried again after 4xx, and is a dead letter after 5xx, which can be sent again', async () => {
    receiver.recipients.set('ann@example.com', { code: 450, text: '4.2.0 canary-of-the-answer' });
    receiver.recipients.set('bob@example.com', { code: 550, text: '5.1.1 canary-of-the-answer' });
    const before = receiver.received.length;
    expect((await registry.send('/v2/demo/other/manifests/1.0')).status).toBe(403);
    await expect
      .poll(async () => (await last())?.error ?? '')
      .toContain('ann@example.com: it refused the recipient for now (450 4.2.0)');
    receiver.recipients.delete('ann@example.com');
    await expect.poll(async () => (await last())?.state).toBe('failed');
    expect(receiver.received.slice(before).map(({ to }) => to)).toEqual([['ann@example.com']]);
    receiver.recipients.clear();
    const dead = await last();
    await api.call('POST', `/namespaces/demo/webhooks/1/deliveries/${dead?.id}/redeliver`);
    await expect.poll(last).toMatchObject({ id: dead?.id, state: 'delivered' });
    expect(receiver.received.slice(before).map(({ to }) => to)).toEqual([
      ['ann@example.com'],
      ['bob@example.com'],
    ]);
  });

  it('says when the server does not let it in, has no TLS, or has a certificate of somebody else', async () => {
    const doctor = async (changes: Readonly<Record<string, string>>) => {
      const variables = { ...environment, PRATIQUE_DATA: server.dataFolder, ...changes };
      const { output } = await runCli(['doctor', '--json'], { environment: variables });
      const { findings } = JSON.parse(output) as { findings: { check: string; message: string }[] };
      return findings.find(({ check }) => check === 'mail server')?.message;
    };
    const at = `localhost:${port}`;
    expect(await doctor({})).toBe(`${at} takes us, with STARTTLS and sign-in`);
    expect(await doctor({ PRATIQUE_SMTP_PASSWORD: 'wrong' })).toBe(
      `${at}: it refused the sign-in (535 5.7.8)`,
    );
    expect(await doctor({ NODE_EXTRA_CA_CERTS: '' })).toMatch(
      /its certificate is not signed by a known authority/,
    );
    const plain = await startMailReceiver();
    const elsewhere = { PRATIQUE_SMTP_PORT: String(plain.port) };
    expect(await doctor(elsewhere)).toMatch(/it does not offer STARTTLS/);
    await plain.close();
    const implicit = await startMailReceiver({ tls: { ...tls, implicit: true }, login });
    expect(
      await doctor({ PRATIQUE_SMTP_PORT: String(implicit.port), PRATIQUE_SMTP_TLS: 'implicit' }),
    ).toMatch(/takes us, with TLS and sign-in/);
    await implicit.close();
    expect(await doctor({ PRATIQUE_SMTP_PORT: String(await freePort()) })).toMatch(
      /nothing answers at its address and port/,
    );
  });

  it('leaves neither the password nor a text of the mail server anywhere (threats.md E4)', async () => {
    expect(server.output()).toContain('"level":');
    const shown = JSON.stringify(await deliveries());
    for (const canary of [login.password, btoa(login.password), 'canary-of-the-answer'])
      expect(server.output() + shown).not.toContain(canary);
  });
});
