import type { SecretRule } from '../secret-rule.ts';
import { cased } from './_keywords.ts';

const type = 'chat';

/** Tokens and incoming webhooks of chat, telephone and mail. */
export const chatRules: readonly SecretRule[] = [
  {
    id: 'slack-token',
    title: 'Slack token',
    type,
    severity: 'high',
    keywords: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xapp-'],
    pattern:
      /(?<!\w)(xox[abprs]-[\w-]{20,250}|xoxe(?:\.xox[bp])?-\d-[\w-]{50,250}|xapp-\d-[A-Z0-9]{8,16}-\d{10,16}-[0-9a-f]{40,80})/g,
    accepts: (secret) => /\d{6}/.test(secret),
  },
  {
    id: 'slack-webhook',
    title: 'Slack incoming webhook',
    type,
    severity: 'medium',
    keywords: ['hooks.slack.com'],
    pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/([A-Za-z0-9+/]{40,60})/g,
  },
  {
    id: 'discord-bot-token',
    title: 'Discord bot token',
    type,
    severity: 'high',
    keywords: cased('discord'),
    pattern: /(?<![\w-])([MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40})(?![\w-])/g,
  },
  {
    id: 'discord-webhook',
    title: 'Discord webhook',
    type,
    severity: 'medium',
    keywords: ['discord.com/api/webhooks', 'discordapp.com/api/webhooks'],
    pattern: /discord(?:app)?\.com\/api\/webhooks\/(\d{17,20}\/[\w-]{60,90})/g,
  },
  {
    id: 'telegram-bot-token',
    title: 'Telegram bot token',
    type,
    severity: 'high',
    keywords: [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((letter) => `:AA${letter}`),
    pattern: /(?<!\d)(\d{8,10}:AA[\w-]{33})(?![\w-])/g,
  },
  {
    id: 'teams-webhook',
    title: 'Microsoft Teams webhook',
    type,
    severity: 'medium',
    keywords: ['webhook.office.com'],
    pattern:
      /webhook\.office\.com\/webhookb2\/([0-9a-f-]{36}@[0-9a-f-]{36}\/IncomingWebhook\/[0-9a-f]{32}\/[0-9a-f-]{36})/g,
  },
  {
    id: 'twilio-key',
    title: 'Twilio API key or auth token',
    type,
    severity: 'high',
    keywords: cased('twilio'),
    pattern:
      /(?<![A-Za-z0-9])(SK[0-9a-f]{32}|(?<=(?:auth_?token|AUTH_?TOKEN|authToken)["']?\s{0,4}[:=]\s{0,4}["']?)[0-9a-f]{32})(?![A-Za-z0-9])/g,
  },
  {
    id: 'sendgrid-key',
    title: 'SendGrid API key',
    type,
    severity: 'high',
    keywords: [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-'].map(
      (next) => `SG.${next}`,
    ),
    pattern: /(?<![\w.])(SG\.[\w-]{22}\.[\w-]{43})(?![\w-])/g,
  },
  {
    id: 'mailgun-key',
    title: 'Mailgun key',
    type,
    severity: 'high',
    keywords: [...'0123456789abcdef'].map((next) => `key-${next}`),
    pattern: /(?<![\w-])(key-[0-9a-f]{32})(?!\w)/g,
  },
  {
    id: 'mailchimp-key',
    title: 'Mailchimp API key',
    type,
    severity: 'high',
    keywords: [...'123456789'].map((next) => `-us${next}`),
    pattern: /(?<!\w)([0-9a-f]{32}-us\d{1,2})(?!\w)/g,
  },
  {
    id: 'brevo-key',
    title: 'Brevo (Sendinblue) API key',
    type,
    severity: 'high',
    keywords: ['xkeysib-', 'xsmtpsib-'],
    pattern: /(?<!\w)(x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16})(?!\w)/g,
  },
];
