import { createHmac } from 'node:crypto';

/**
 * The headers of the Standard Webhooks specification 1.0 (https://www.standardwebhooks.com): HMAC-SHA256 over id, time
 * and body, so that a receiver refuses what is forged, and what is old or seen before.
 */
export function signatureHeaders(options: {
  /** The event's: the same in every attempt. */
  readonly id: string;
  readonly at: Date;
  readonly body: string;
  /** `whsec_` and the key as base64. */
  readonly secret: string;
}): Readonly<Record<string, string>> {
  const { id, at, body, secret } = options;
  const timestamp = Math.floor(at.getTime() / 1_000);
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}
