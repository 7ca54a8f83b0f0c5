import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../testing/webhook-receiver.ts';

let server: ApiServer;
let receiver: WebhookReceiver;
beforeAll(async () => {
  server = await startApiServer();
  receiver = await startWebhookReceiver();
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});

const path = '/namespaces/own/webhooks';
const call = (method: string, at: string, body?: unknown) => server.call('namespaceAdmin', method, at, body);
const wanted = () => ({ name: 'alarms', format: 'slack', url: receiver.url, kinds: ['pull.blocked'] });

/** As the answer's schema has it. */
interface Saved {
  readonly webhook: { readonly id: number };
  readonly secret: string | null;
}

test('a webhook shows its secret once, and of its URL never more than the origin (threats.md E4)', async () => {
  const created = await call('POST', path, { ...wanted(), minSeverity: 'high' });
  expect(created).toMatchObject({
    status: 201,
    body: {
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      webhook: { namespace: 'own', origin: new URL(receiver.url).origin, minSeverity: 'high', enabled: true },
    },
  });
  const { webhook, secret } = created.body as Saved;
  const changed = await call('PATCH', `${path}/${webhook.id}`, { minSeverity: null, fixableOnly: true });
  expect(changed.body).toMatchObject({ secret: null, webhook: { minSeverity: null, fixableOnly: true } });
  const renewed = await call('PATCH', `${path}/${webhook.id}`, {
    newSecret: true,
    url: `${receiver.url}/other`,
  });
  const { secret: second } = renewed.body as Saved;
  expect(second).toMatch(/^whsec_/);
  expect(second).not.toBe(secret);
  await call('POST', `${path}/${webhook.id}/test`);
  const shown = await Promise.all(
    [path, `${path}/${webhook.id}/deliveries`, '/namespaces/own/events'].map((at) => call('GET', at)),
  );
  const text = JSON.stringify(shown.map(({ body }) => body));
  expect(text).toContain('webhook.changed');
  for (const canary of [secret, second, 'path-token', 'answer-of-the-receiver'])
    expect(text).not.toContain(canary);
});

test('a URL that no request goes to is refused when it is saved, and not repeated (threats.md B1)', async () => {
  const urls = [
    'http://10.0.0.1/token-canary',
    'http://[::1]/',
    'http://0x7f.2/',
    'https://u:token-canary@example.com/',
    'ftp://example.com/',
    'nothing',
  ];
  const { body } = await call('POST', path, wanted());
  const { webhook } = body as Saved;
  for (const url of urls) {
    for (const [method, at, more] of [
      ['POST', path, wanted()],
      ['PATCH', `${path}/${webhook.id}`, {}],
    ] as const) {
      const refused = await call(method, at, { ...more, url });
      expect([url, refused.status]).toEqual([url, 400]);
      expect(refused.body).toMatchObject({ error: { details: { key: 'url' } } });
      expect(JSON.stringify(refused.body)).not.toContain('token-canary');
    }
  }
});

test('a test says how it went; deliveries are listed by state and sent again', async () => {
  const { body } = await call('POST', path, wanted());
  const { webhook } = body as Saved;
  const own = `${path}/${webhook.id}`;
  expect((await call('POST', `${own}/test`)).body).toMatchObject({
    state: 'delivered',
    status: 204,
    error: null,
  });
  receiver.status = 503;
  const failed = await call('POST', `${own}/test`);
  expect(failed.body).toMatchObject({ state: 'failed', status: 503, error: 'it answered with status 503' });
  const list = await call('GET', `${own}/deliveries?state=failed`);
  expect(list.body).toMatchObject({ total: 1, items: [{ state: 'failed', kind: 'webhook.test' }] });
  const { id } = failed.body as { readonly id: number }; // as its schema has it
  expect((await call('POST', `${own}/deliveries/${id}/redeliver`)).body).toMatchObject({
    state: 'waiting',
    attempts: 0,
  });
  expect((await call('POST', `${own}/deliveries/999999/redeliver`)).status).toBe(404);
  const first = await call('GET', `${own}/deliveries?limit=1`);
  const { nextCursor } = first.body as { readonly nextCursor: string }; // as its schema has it
  const rest = await call('GET', `${own}/deliveries?limit=1&cursor=${encodeURIComponent(nextCursor)}`);
  expect(rest.body).toMatchObject({ total: 2, items: [{ state: 'delivered' }], nextCursor: null });
});

test('there is a bound of webhooks', async () => {
  const answers: number[] = [];
  for (let count = 0; count < 51; count += 1)
    answers.push((await server.call('systemAdmin', 'POST', '/webhooks', wanted())).status);
  expect(answers.filter((status) => status === 201)).toHaveLength(50);
  expect(answers.at(-1)).toBe(409);
});

test('a webhook changes its format, and mail stays mail', async () => {
  const { webhook } = (await call('POST', path, wanted())).body as Saved;
  const changed = await call('PATCH', `${path}/${webhook.id}`, { format: 'teams' });
  expect(changed).toMatchObject({ status: 200, body: { secret: null, webhook: { format: 'teams' } } });
  const mail = { name: 'owners', format: 'email', kinds: ['pull.blocked'] };
  const recipients = ['ann@example.com', 'ann@EXAMPLE.com', 'bob@example.com'];
  const created = await call('POST', path, { ...mail, recipients });
  expect(created).toMatchObject({
    status: 201,
    body: {
      secret: null,
      webhook: { format: 'email', origin: null, recipients: ['ann@example.com', 'bob@example.com'] },
    },
  });
  const { id } = (created.body as Saved).webhook;
  for (const [method, at, body, key] of [
    ['POST', path, mail, 'recipients'],
    ['POST', path, { ...mail, recipients, url: receiver.url }, 'url'],
    ['POST', path, { ...wanted(), recipients }, 'recipients'],
    ['POST', path, { ...wanted(), url: undefined }, 'url'],
    ['POST', path, { ...mail, recipients: ['ann@example.com\r\nBcc: eve@example.com'] }, 'recipients'],
    ['POST', path, { ...mail, recipients: ['ann@elsewhere.test'] }, 'recipients'],
    ['PATCH', `${path}/${id}`, { format: 'slack' }, 'format'],
    ['PATCH', `${path}/${id}`, { newSecret: true }, 'newSecret'],
    ['PATCH', `${path}/${id}`, { recipients: ['eve'] }, 'recipients'],
    ['PATCH', `${path}/${webhook.id}`, { recipients }, 'recipients'],
  ] as const)
    expect([body, await call(method, at, body)]).toMatchObject([
      body,
      { status: 400, body: { error: { details: { key } } } },
    ]);
  expect(await call('PATCH', `${path}/${webhook.id}`, { format: 'email' })).toMatchObject({ status: 400 });
  expect(await call('PATCH', `${path}/${id}`, { recipients: ['eve@example.com'] })).toMatchObject({
    body: { webhook: { recipients: ['eve@example.com'] } },
  });
  expect(await call('POST', `${path}/${id}/test`)).toMatchObject({
    status: 200,
    body: { state: 'failed', error: 'this server has no mail server to send with (PRATIQUE_SMTP_HOST)' },
  });
});
