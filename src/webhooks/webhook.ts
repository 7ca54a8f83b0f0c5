import type { Severity } from '../report/severity.ts';
import type { MailAddress } from './mail-address.ts';

/** Events that a webhook may ask for. The trigger `event_webhooks` (migration 0018) names the same. */
export const webhookKinds = [
  'pull.blocked',
  'pull.warned',
  'findings.changed',
  'quota.exceeded',
  'blob.damaged',
  'robot-secret.expiring',
  'access-token.expiring',
] as const;
export type WebhookKind = (typeof webhookKinds)[number];

/** What is sent as a request; see `payloadOf()`. */
export const requestFormats = ['cloudevents', 'slack', 'teams'] as const;
export type RequestFormat = (typeof requestFormats)[number];
export const webhookFormats = [...requestFormats, 'email'] as const;
export type WebhookFormat = (typeof webhookFormats)[number];

/** Mails go to so many addresses at most. */
export const recipientsMax = 20;

/** Of events about findings only those with one that fits; `unknown` severities fit every minimum. */
export interface FindingFilter {
  /** Absent: any. */
  readonly minSeverity?: Exclude<Severity, 'unknown'>;
  readonly fixableOnly: boolean;
  readonly knownExploitedOnly: boolean;
}

/** A target of notifications, without its secrets. */
export interface Webhook {
  readonly id: number;
  /** Absent: of the whole registry. */
  readonly namespaceId?: number;
  readonly name: string;
  readonly format: WebhookFormat;
  /** Scheme, host and port of its URL; the rest may be a credential. Absent: it sends mail. */
  readonly origin?: string;
  /** Of mails; else empty. */
  readonly recipients: readonly MailAddress[];
  readonly kinds: readonly WebhookKind[];
  readonly filter: FindingFilter;
  readonly enabled: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** What is kept sealed. */
export interface WebhookSecrets {
  readonly url: string;
  /** Signs deliveries: `whsec_` and 32 bytes as base64 (https://www.standardwebhooks.com). */
  readonly secret: string;
}
