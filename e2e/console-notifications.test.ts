import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MailReceiver, startMailReceiver } from '../src/testing/mail-receiver.ts';
import { RegistryClient, testImage } from '../src/testing/registry-client.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../src/testing/webhook-receiver.ts';
import { ApiClient } from './api-client.ts';
import { hasProgram } from './clients.ts';
import { type ConsoleBrowser, openConsoleBrowser } from './console-browser.ts';
import { adminAuthorization, type ServerProcess, startServerProcess } from './server-process.ts';

// Skipped where Chromium is missing; with CI=true its absence is a failure.
describe.skipIf(!hasProgram('chromium'))('notifications in the console, in a real browser', () => {
  let server: ServerProcess;
  let browser: ConsoleBrowser;
  let page: Page;
  let mails: MailReceiver;
  let receiver: WebhookReceiver;

  const row = (table: string, text: string) =>
    page.getByRole('table', { name: table }).getByRole('row').filter({ hasText: text });
  const dialog = () => page.getByRole('dialog');
  const field = (name: string) => dialog().getByRole('textbox', { name, exact: true });
  const toldBy = () => dialog().getByRole('combobox', { name: 'Told by' });
  const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();
  const picture = (name: string) => browser.picture(name);
  const go = async (path: string, heading: string | RegExp) => {
    await page.goto(`${server.url}${path}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  };
  const openDeliveries = async (target: string) => {
    await page.getByRole('button', { name: `Deliveries ${target}` }).click();
    await dialog().getByText(`Deliveries to ${target}`).waitFor();
  };
  const closeDeliveries = async () => {
    await page.getByRole('button', { name: 'Close deliveries' }).click();
    await dialog().waitFor({ state: 'hidden' });
  };

  beforeAll(async () => {
    mails = await startMailReceiver();
    receiver = await startWebhookReceiver();
    server = await startServerProcess({
      environment: {
        PRATIQUE_ADVISORY_BUNDLE: 'manual',
        PRATIQUE_EGRESS_ALLOW: '127.0.0.1/32',
        PRATIQUE_SMTP_HOST: '127.0.0.1',
        PRATIQUE_SMTP_PORT: String(mails.port),
        PRATIQUE_SMTP_TLS: 'none',
        PRATIQUE_SMTP_FROM: 'pratique@registry.test',
      },
    });
    const api = new ApiClient(server.url);
    await api.call('POST', '/namespaces', { name: 'team', autoScan: false });
    await api.call('PATCH', '/namespaces/team', {
      policy: { mode: 'enforce', states: { pending: 'block' } },
    });
    browser = await openConsoleBrowser();
    page = browser.page;
    await browser.signIn(server.url);
    await page.getByRole('link', { name: 'Notifications' }).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    expect(await server?.stop()).toBe(0);
    server?.clean();
    await mails?.close();
    await receiver?.close();
  });

  it('says of advisories, where bundles are imported by hand, how that is done', async () => {
    await go('/advisories', 'No feed has been read yet.');
    await page.getByText('npx pratique advisories import advisories.tar').waitFor();
    expect(await page.getByRole('button', { name: /^Read/ }).count()).toBe(0);
    await picture('advisories-by-hand');
  });

  it('adds a webhook, whose secret is shown once', async () => {
    await go('/namespaces/team?tab=webhooks', /team/);
    await page.getByText('Nobody is told of anything yet').waitFor();
    await picture('notifications-none');
    await page.getByRole('button', { name: 'Add target' }).click();
    await field('Name').fill('alarms');
    await field('URL').fill('http://10.0.0.1/');
    await press('Add');
    await dialog().getByText('Cannot use the URL of the webhook').waitFor();
    await field('URL').fill(receiver.url);
    await picture('notifications-add-webhook');
    await press('Add');
    await dialog().getByText('The signing secret, shown this once').waitFor();
    expect(await dialog().innerText()).toMatch(/whsec_[A-Za-z0-9+/]{43}=/);
    await picture('notifications-secret');
    await press('I have kept it');
    await row('Targets', 'alarms').getByText(new URL(receiver.url).origin).waitFor();
  });

  it('adds a target for mail, and refuses what is no address', async () => {
    await page.getByRole('button', { name: 'Add target' }).click();
    await field('Name').fill('owners');
    await toldBy().selectOption('E-mail');
    await field('Recipients').fill('ann@example.com\nnobody');
    await press('Add');
    await dialog().getByText('Cannot send mail to "nobody"').waitFor();
    await picture('notifications-add-mail');
    await field('Recipients').fill('ann@example.com\nbob@example.com');
    await press('Add');
    await dialog().waitFor({ state: 'hidden' });
    await row('Targets', 'owners').getByText('ann@example.com, bob@example.com').waitFor();
    await picture('notifications');
  });

  it('sends a test, and shows its delivery at an address of its own', async () => {
    await openDeliveries('owners');
    expect(page.url()).toContain('deliveries=2');
    await page.reload();
    await press('Send a test');
    await row('Deliveries', 'This is a test of the mail target owners').getByText('Delivered').waitFor();
    expect(mails.received.map(({ to }) => to)).toEqual([['ann@example.com'], ['bob@example.com']]);
    await picture('notifications-test');
    await page.goBack();
    await dialog().waitFor({ state: 'hidden' });
  });

  it('shows a dead letter with its reason, and sends it again', async () => {
    receiver.status = 410;
    const registry = new RegistryClient(server.url, {
      authorization: adminAuthorization,
    });
    await registry.pushImage('team/app', '1.0', testImage('refused'));
    expect((await registry.send('/v2/team/app/manifests/1.0')).status).toBe(403);
    await row('Targets', 'alarms').getByText('1 given up').waitFor();
    await picture('notifications-given-up');
    await openDeliveries('alarms');
    const refused = row('Deliveries', "admin's pull of team/app:1.0 was refused");
    await refused.getByText('Given up after 1 attempt').waitFor();
    await refused.getByText('it answered with status 410').waitFor();
    await picture('notifications-dead-letter');
    receiver.status = 204;
    await refused.getByRole('button', { name: /Send again/ }).click();
    await refused.getByText('Delivered').waitFor();
    expect(receiver.received).toHaveLength(2);
    await picture('notifications-sent-again');
    await closeDeliveries();
    await expect.poll(() => row('Targets', 'alarms').innerText()).not.toContain('given up');
  });

  it('changes the format of a webhook and the recipients of mail', async () => {
    await page.getByRole('button', { name: 'Change alarms' }).click();
    await toldBy().selectOption('Slack');
    await picture('notifications-change');
    await press('Save');
    await dialog().waitFor({ state: 'hidden' });
    await row('Targets', 'alarms').getByText('Slack').waitFor();
    await openDeliveries('alarms');
    await press('Send a test');
    await expect
      .poll(() => receiver.received.at(-1)?.body)
      .toContain('"text":"This is a test of the webhook alarms"');
    await closeDeliveries();
    await page.getByRole('button', { name: 'Change owners' }).click();
    expect(await field('Recipients').inputValue()).toBe('ann@example.com\nbob@example.com');
    expect(await dialog().getByText('Another URL').count()).toBe(0);
    await field('Recipients').fill('bob@example.com');
    await press('Save');
    await dialog().waitFor({ state: 'hidden' });
    await expect.poll(() => row('Targets', 'owners').innerText()).not.toContain('ann@example.com');
  });

  it('adds and deletes a target of the registry', async () => {
    await page.getByRole('link', { name: 'Notifications' }).click();
    await page.getByRole('heading', { level: 1, name: 'Notifications of the registry' }).waitFor();
    await page.getByRole('button', { name: 'Add target' }).click();
    await field('Name').fill('operators');
    await toldBy().selectOption('E-mail');
    await field('Recipients').fill('ops@example.com');
    await dialog().getByRole('checkbox', { name: 'A stored blob is damaged' }).check();
    await press('Add');
    await row('Targets', 'operators').waitFor();
    await picture('notifications-registry');
    await page.getByRole('button', { name: 'Delete operators' }).click();
    await press('Delete target');
    await page.getByText('Nobody is told of the whole registry yet').waitFor();
    await go('/events', 'Audit log');
    await row('Events', 'Notification target added').first().waitFor();
    await row('Events', 'Notification target deleted').waitFor();
  });

  it('had no error that was not asked for', () => {
    const asked = /Failed to load resource: the server responded with a status of (401|400) /;
    expect(browser.faults.filter((fault) => !asked.test(fault))).toEqual([]);
  });
});
