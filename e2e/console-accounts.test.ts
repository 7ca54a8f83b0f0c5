import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from './api-client.ts';
import { hasProgram } from './clients.ts';
import { type ConsoleBrowser, openConsoleBrowser } from './console-browser.ts';
import { adminPassword, type ServerProcess, startServerProcess } from './server-process.ts';

// Skipped where Chromium is missing; with CI=true its absence is a failure.
describe.skipIf(!hasProgram('chromium'))('accounts in the console, in a real browser', () => {
  let server: ServerProcess;
  let api: ApiClient;
  let browser: ConsoleBrowser;
  let page: Page;

  const row = (table: string, text: string) =>
    page.getByRole('table', { name: table }).getByRole('row').filter({ hasText: text });
  const dialog = () => page.getByRole('dialog');
  const field = (name: string) => dialog().getByLabel(name, { exact: true });
  const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();
  const picture = (name: string) => browser.picture(name);
  const go = async (path: string, heading: string | RegExp) => {
    await page.goto(`${server.url}${path}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  };
  /** What a token for a pull and push of the namespace grants; `nobody` when the login is refused. */
  const rightsOf = async (login: string, secret: string, namespace: string) => {
    const answer = await fetch(`${server.url}/token?scope=repository:${namespace}/app:pull,push`, {
      headers: { authorization: `Basic ${btoa(`${login}:${secret}`)}` },
    });
    if (answer.status === 401) return 'nobody';
    const { scope } = (await answer.json()) as { scope: string };
    return scope.split(':').at(-1);
  };
  const shownSecret = async () => {
    await dialog().getByText('The secret, shown this once').waitFor();
    return /prt[ru]_[A-Za-z0-9]{43}/.exec(await dialog().innerText())?.[0] ?? 'no secret';
  };

  beforeAll(async () => {
    server = await startServerProcess();
    api = new ApiClient(server.url);
    await api.call('POST', '/namespaces', { name: 'team' });
    browser = await openConsoleBrowser();
    page = browser.page;
    await browser.signIn(server.url);
    await page.getByRole('link', { name: 'Audit log' }).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    expect(await server?.stop()).toBe(0);
    server?.clean();
  });

  it('makes a user, refuses a password that is guessed first, and sets another one', async () => {
    await go('/users', /1 account/);
    await page.getByRole('button', { name: 'Create user' }).click();
    await field('Name').fill('dora');
    await field('Password').fill('Password123');
    await press('Create');
    await dialog().getByText('it must not be one of those that are guessed first').waitFor();
    await picture('users-create');
    await field('Password').fill('dora likes long ones');
    await press('Create');
    await row('Users', 'dora').waitFor();
    await page.getByRole('button', { name: 'Set password of dora' }).click();
    await field('New password').fill('dora likes longer ones');
    await press('Set password');
    await dialog().waitFor({ state: 'hidden' });
    const dora = new ApiClient(server.url, { name: 'dora', password: 'dora likes longer ones' });
    expect(await dora.call('GET', '/session')).toMatchObject({ account: { name: 'dora' } });
    await api.call('POST', '/session', { username: 'dora', password: 'dora likes longer ones' });
    await page.getByRole('button', { name: 'Sign out dora' }).click();
    await press('Sign out');
    await dialog().waitFor({ state: 'hidden' });
    expect(await dora.call('GET', '/sessions')).toMatchObject({ total: 0 });
    await picture('users');
    await dora.call('POST', '/tokens', { name: 'lost laptop', scope: 'full' });
    await page.getByRole('button', { name: 'Access tokens of dora' }).click();
    await row('Access tokens of dora', 'lost laptop').waitFor();
    await picture('users-tokens');
    await page.getByRole('button', { name: 'Revoke lost laptop' }).click();
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await page.getByText('dora has none').waitFor();
    expect(await dora.call('GET', '/tokens')).toMatchObject({ total: 0 });
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
  });

  it('adds a member, changes the role and removes it', async () => {
    await go('/namespaces/team?tab=members', /team/);
    await page.getByLabel('User', { exact: true }).fill('dora');
    await page.getByRole('button', { name: 'Add member' }).click();
    await row('Members', 'dora').waitFor();
    await page.getByLabel('Role of dora').selectOption('maintainer');
    await expect
      .poll(() => api.call('GET', '/namespaces/team/members'))
      .toMatchObject({ items: [{ user: 'dora', role: 'maintainer' }] });
    await picture('members');
    await page.getByRole('button', { name: 'Remove dora' }).click();
    await press('Remove member');
    await page.getByText('No members yet').waitFor();
  });

  it('makes a robot of the registry for every namespace, also for one made later', async () => {
    await go('/robots', 'Robots of the registry');
    await page.getByRole('button', { name: 'Create robot' }).click();
    await field('Name').fill('mirror');
    expect(await field('Namespace 1').inputValue()).toBe('Every namespace');
    await dialog().getByRole('button', { name: 'Add a namespace' }).click();
    await field('Namespace 2').fill('team');
    await field('Permission 2').selectOption('pull-push');
    await picture('robots-create');
    await press('Create');
    const secret = await shownSecret();
    await picture('robots-secret');
    await press('I have kept it');
    await row('Robots', 'Pull in every namespace; pull and push in team').waitFor();
    await api.call('POST', '/namespaces', { name: 'later' });
    expect(await rightsOf('robot.mirror', secret, 'later')).toBe('pull');
    expect(await rightsOf('robot.mirror', secret, 'team')).toBe('pull,push');

    await page.getByRole('button', { name: 'Secrets of robot.mirror' }).click();
    await press('Create another secret');
    const second = await shownSecret();
    await press('I have kept it');
    expect(second).not.toBe(secret);
    expect(await rightsOf('robot.mirror', second, 'later')).toBe('pull');
    expect(await rightsOf('robot.mirror', secret, 'later')).toBe('pull');
    await picture('robots-secrets');
    await dialog().getByRole('button', { name: 'Revoke first' }).click();
    await page.getByRole('button', { name: 'Revoke secret' }).click();
    await expect.poll(() => rightsOf('robot.mirror', secret, 'later')).toBe('nobody');
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });

    await page.getByRole('button', { name: 'Permissions robot.mirror' }).click();
    await dialog().getByRole('button', { name: 'Take permission 1 away' }).click();
    await press('Save');
    await dialog().waitFor({ state: 'hidden' });
    await row('Robots', 'Pull and push in team').waitFor();
    expect(await rightsOf('robot.mirror', second, 'later')).toBe('');
    await picture('robots');
    await page.getByRole('switch', { name: 'robot.mirror may sign in' }).click();
    await expect.poll(() => rightsOf('robot.mirror', second, 'team')).toBe('nobody');
    await page.getByRole('button', { name: 'Delete robot.mirror' }).click();
    await press('Delete robot');
    await page.getByText('No robots of the registry yet').waitFor();
  });

  it('makes a robot of a namespace there', async () => {
    await go('/namespaces/team?tab=robots', /team/);
    await page.getByRole('button', { name: 'Create robot' }).click();
    await field('Name').fill('ci');
    await dialog().getByText('It signs in as robot.team.ci').waitFor();
    await field('May').selectOption('pull-push');
    await press('Create');
    const secret = await shownSecret();
    await press('I have kept it');
    await row('Robots', 'robot.team.ci').getByText('Pull and push', { exact: true }).waitFor();
    expect(await rightsOf('robot.team.ci', secret, 'team')).toBe('pull,push');
    await picture('namespace-robots');
  });

  it('makes an access token and revokes it', async () => {
    await go('/tokens', 'Access tokens');
    await page.getByRole('button', { name: 'Create access token' }).click();
    await field('Name').fill('laptop');
    await press('Create');
    const secret = await shownSecret();
    await press('I have kept it');
    await row('Access tokens', 'laptop').waitFor();
    expect(await rightsOf('admin', secret, 'team')).toBe('pull,push');
    await picture('tokens');
    await page.getByRole('button', { name: 'Revoke laptop' }).click();
    await press('Revoke token');
    await page.getByText('No access tokens yet').waitFor();
    expect(await rightsOf('admin', secret, 'team')).toBe('nobody');
  });

  it('changes the own password and signs out everywhere else', async () => {
    await api.call('POST', '/session', { username: 'admin', password: adminPassword });
    await page.getByRole('link', { name: 'admin', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor();
    await page.getByRole('table', { name: 'Sessions' }).getByText('this one').waitFor();
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await expect.poll(() => api.call('GET', '/sessions')).toMatchObject({ total: 1 });
    await page.getByLabel('Current password').fill('not this');
    await page.getByLabel('New password').fill(`${adminPassword} 2`);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('the current one is not right').waitFor();
    await page.getByLabel('Current password').fill(adminPassword);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Changed: your other sessions have ended.').waitFor();
    await picture('account');
    await expect(api.call('GET', '/session')).rejects.toThrow('401');
    api = new ApiClient(server.url, { name: 'admin', password: `${adminPassword} 2` });
  });

  it('shows all of it in the audit log, and filters it', async () => {
    await go('/events', 'Audit log');
    await row('Events', 'Own password changed').waitFor();
    await row('Events', 'robot.mirror').first().waitFor();
    await picture('events');
    await page.getByLabel('Kind of event').selectOption('login');
    await row('Events', 'Sign-in refused').first().waitFor();
    await expect.poll(() => row('Events', 'Robot created').count()).toBe(0);
    await page.getByLabel('Kind of event').selectOption('');
    await page.getByLabel('To what').fill('robot.team');
    await row('Events', 'Robot created').getByText('robot.team.ci').waitFor();
    await expect.poll(() => row('Events', 'robot.mirror').count()).toBe(0);
    expect(page.url()).toContain('subject=robot.team');
  });

  it('had no error that was not asked for', () => {
    const asked = /Failed to load resource: the server responded with a status of (401|400) /;
    expect(browser.faults.filter((fault) => !asked.test(fault))).toEqual([]);
  });
});
