const domain = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*';

/** The settings of the mail server that notifications go through, rows of `settings`. */
export const mailSettings = {
  smtpHost: {
    variable: 'PRATIQUE_SMTP_HOST',
    key: 'smtpHost',
    text: { lengthMax: 253, pattern: `^(${domain}|[0-9A-Fa-f:]+)$` },
    must: 'the name or address of a host',
    byDefault: 'none: no mail',
    description:
      'Mail server that takes notifications ([mail](notifications.md#mail)); `pratique doctor` tries it',
  },
  smtpPort: {
    variable: 'PRATIQUE_SMTP_PORT',
    key: 'smtpPort',
    text: { pattern: '^[1-9][0-9]{0,4}$' },
    must: 'a port from 1 to 65535',
    byDefault: '`587`; `465` with TLS `implicit`, `25` with `none`',
    description: 'Port of the mail server',
  },
  smtpTls: {
    variable: 'PRATIQUE_SMTP_TLS',
    key: 'smtpTls',
    text: { pattern: '^(starttls|implicit|none)$' },
    must: 'starttls, implicit or none',
    byDefault: '`starttls`',
    description:
      'How the connection is secured: upgraded before anything is said (a server without STARTTLS gets no mail), from its first byte, or not at all',
  },
  smtpUser: {
    variable: 'PRATIQUE_SMTP_USER',
    key: 'smtpUser',
    text: { lengthMin: 1, lengthMax: 256 },
    must: 'a name of up to 256 characters, given together with the password, and not with TLS `none`',
    byDefault: 'none: no sign-in',
    description: 'User to sign in as at the mail server',
  },
  smtpPassword: {
    variable: 'PRATIQUE_SMTP_PASSWORD',
    key: 'smtpPassword',
    text: { lengthMin: 1, lengthMax: 1024 },
    must: 'a password of up to 1024 characters, given together with the user',
    isSecret: true,
    byDefault: 'none',
    description: 'Password of that user',
  },
  smtpFrom: {
    variable: 'PRATIQUE_SMTP_FROM',
    key: 'smtpFrom',
    text: { lengthMin: 3, lengthMax: 254 },
    must: 'a plain address such as pratique@example.com, given together with the host',
    byDefault: 'none',
    description: 'Sender of the mails',
  },
  smtpRecipientDomains: {
    variable: 'PRATIQUE_SMTP_RECIPIENT_DOMAINS',
    key: 'smtpRecipientDomains',
    text: { lengthMax: 253, pattern: `^${domain}$` },
    must: 'a list of domains',
    isList: true,
    byDefault: 'none: any',
    description:
      'Mail goes to addresses of these domains only, separated by commas: namespace admins choose the recipients',
  },
} as const;
