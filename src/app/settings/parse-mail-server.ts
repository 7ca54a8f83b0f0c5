import { parseMailAddress } from '../../webhooks/mail-address.ts';
import type { MailServerOptions, MailTls } from '../../webhooks/mail-server.ts';
import { mailSettings } from './mail-settings.ts';
import { Secret } from './secret.ts';
import { SettingError } from './setting-error.ts';

type MailSetting = keyof typeof mailSettings;

const portsByDefault: Readonly<Record<MailTls, number>> = { starttls: 587, implicit: 465, none: 25 };

/** The mail server of the settings; undefined when none is set. Throws `SettingError` for settings that do not go together. */
export function parseMailServer(
  valuesOf: (name: MailSetting) => readonly string[] | undefined,
): MailServerOptions | undefined {
  const one = (name: MailSetting) => valuesOf(name)?.[0];
  const names = Object.keys(mailSettings) as MailSetting[]; // the keys of that very object
  const host = one('smtpHost');
  if (host === undefined) {
    const given = names.find((name) => one(name) !== undefined);
    if (given === undefined) return undefined;
    throw bad('smtpHost', `none, though ${mailSettings[given].variable} is set`);
  }
  const tls = (one('smtpTls') ?? 'starttls') as MailTls; // the setting's pattern
  const port = Number(one('smtpPort') ?? portsByDefault[tls]);
  if (port > 65_535) throw bad('smtpPort', String(port));
  const from = parseMailAddress(one('smtpFrom') ?? '');
  if (from === undefined) throw bad('smtpFrom', one('smtpFrom') ?? 'none');
  const [user, password] = [one('smtpUser'), one('smtpPassword')];
  if (user !== undefined && tls === 'none')
    throw bad('smtpUser', 'TLS none, where anybody could read the password');
  if (user === undefined && password !== undefined) throw bad('smtpUser', 'a password alone');
  if (user !== undefined && password === undefined) throw bad('smtpPassword', 'a user alone');
  return {
    host,
    port,
    tls,
    from,
    recipientDomains: (valuesOf('smtpRecipientDomains') ?? []).map((domain) => domain.toLowerCase()),
    ...(user === undefined || password === undefined
      ? {}
      : { login: { user, password: new Secret(password) } }),
  };
}

function bad(name: MailSetting, got: string): SettingError {
  const { variable, must } = mailSettings[name];
  return new SettingError(`Cannot use the setting "${variable}": it must be ${must}, got ${got}`);
}
