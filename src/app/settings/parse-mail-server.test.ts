import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'pratique-mail-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (environment: Readonly<Record<string, string>>) => loadConfig({ environment, folder });
const host = { PRATIQUE_SMTP_HOST: 'mail.example.com', PRATIQUE_SMTP_FROM: 'pratique@example.com' };
const login = { PRATIQUE_SMTP_USER: 'pratique', PRATIQUE_SMTP_PASSWORD: 'correct horse' };

describe('the mail server of the settings', () => {
  it('is none by default, and by default one with STARTTLS', () => {
    expect(load({}).mailServer).toBeUndefined();
    expect(load(host).mailServer).toEqual({
      host: 'mail.example.com',
      port: 587,
      tls: 'starttls',
      from: 'pratique@example.com',
      recipientDomains: [],
    });
    expect(load({ ...host, PRATIQUE_SMTP_TLS: 'implicit' }).mailServer?.port).toBe(465);
    expect(load({ ...host, PRATIQUE_SMTP_TLS: 'none' }).mailServer?.port).toBe(25);
    const domains = { PRATIQUE_SMTP_RECIPIENT_DOMAINS: 'example.com, Example.org' };
    expect(load({ ...host, ...domains }).mailServer?.recipientDomains).toEqual([
      'example.com',
      'example.org',
    ]);
  });

  it.each([
    [{ PRATIQUE_SMTP_PORT: '25' }, '"PRATIQUE_SMTP_HOST": it must be the name or address of a host'],
    [{ ...host, PRATIQUE_SMTP_HOST: 'mail.example.com\r\nx' }, 'it must be the name or address of a host'],
    [{ PRATIQUE_SMTP_HOST: 'mail' }, '"PRATIQUE_SMTP_FROM": it must be a plain address'],
    [{ ...host, PRATIQUE_SMTP_FROM: 'P <p@example.com>' }, 'got P <p@example.com>'],
    [{ ...host, PRATIQUE_SMTP_PORT: '70000' }, 'a port from 1 to 65535, got 70000'],
    [{ ...host, PRATIQUE_SMTP_TLS: 'yes' }, 'it must be starttls, implicit or none, got "yes"'],
    [{ ...host, PRATIQUE_SMTP_USER: 'pratique' }, '"PRATIQUE_SMTP_PASSWORD": it must be a password'],
    [
      { ...host, PRATIQUE_SMTP_PASSWORD: 'correct horse' },
      'together with the password, and not with TLS `none`',
    ],
    [{ ...host, ...login, PRATIQUE_SMTP_TLS: 'none' }, 'got TLS none, where anybody could read the password'],
    [{ ...host, PRATIQUE_SMTP_RECIPIENT_DOMAINS: '@example.com' }, 'a list of domains, got "@example.com"'],
  ])('refuses %j', (environment, message) => {
    expect(() => load(environment)).toThrow(message);
    expect(() => load(environment)).not.toThrow('correct horse');
  });

  it('takes its password from a file too, and shows it nowhere (threats.md E4)', () => {
    writeFileSync(join(folder, 'password'), 'correct horse\n');
    const environment = { ...host, PRATIQUE_SMTP_USER: 'pratique', PRATIQUE_SMTP_PASSWORD_FILE: 'password' };
    const config = load(environment);
    expect(config.mailServer?.login?.password.reveal()).toBe('correct horse');
    expect(`${inspect(config, { depth: 9 })} ${JSON.stringify(config)}`).not.toContain('correct horse');
    expect(() => load({ ...environment, ...login })).toThrow('one must be set, got both');
    expect(() => load({ ...environment, PRATIQUE_SMTP_PASSWORD_FILE: 'nothing' })).toThrow(
      /it must name a readable file, got ".*nothing" \(ENOENT\)$/,
    );
    // Only for secrets.
    expect(() => load({ PRATIQUE_LISTEN_FILE: 'password' })).toThrow('got an unknown one');
  });
});
