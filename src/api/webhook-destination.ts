import { EgressRefusedError } from '../egress/egress-error.ts';
import { type MailAddress, parseMailAddress } from '../webhooks/mail-address.ts';
import type { WebhookFormat } from '../webhooks/webhook.ts';
import type { WebhookDestination } from '../webhooks/webhook-store.ts';
import type { WebhookParts } from './api-dependencies.ts';
import type { WebhookChange, WebhookCreate } from './contract/webhook.ts';
import { badRequest, conflict } from './errors.ts';

/** Throws 400 for what the format does not take, and for what it needs and was not given. */
export function checkedDestination(webhooks: WebhookParts, body: WebhookCreate): WebhookDestination {
  const { format, url, recipients } = body;
  refuseMixed(format, body);
  if (format === 'email') {
    if (recipients === undefined) throw missing('recipients', 'the addresses that it sends mail to');
    return { format, recipients: checkedRecipients(webhooks, recipients) };
  }
  if (url === undefined) throw missing('url', 'where its requests go');
  return { format, url: checkedUrl(webhooks, url) };
}

function missing(key: string, what: string) {
  return badRequest(`Cannot add a webhook: "${key}" must be ${what}, got none`, { key });
}

/** Throws 400 for fields that a webhook of that format does not have. */
function refuseMixed(
  format: WebhookFormat,
  given: Pick<WebhookChange, 'url' | 'recipients' | 'newSecret'>,
): void {
  const foreign = format === 'email' ? (['url', 'newSecret'] as const) : (['recipients'] as const);
  const key = foreign.find((one) => given[one] !== undefined);
  if (key === undefined) return;
  const words =
    format === 'email' ? 'a webhook that sends mail has none' : 'only one that sends mail has them';
  throw badRequest(`Cannot use "${key}": ${words}`, { key });
}

/** Each once. Throws 409 when there is no mail server, and 400 for what is no address or one that gets no mail of ours. */
export function checkedRecipients(webhooks: WebhookParts, texts: readonly string[]): readonly MailAddress[] {
  const { mailRefusalOf } = webhooks;
  if (mailRefusalOf === undefined)
    throw conflict('Cannot send mail: a mail server must be set (PRATIQUE_SMTP_HOST), got none');
  const addresses = texts.map((text) => {
    const address = parseMailAddress(text);
    const refusal =
      address === undefined ? 'it must be a plain address such as team@example.com' : mailRefusalOf(address);
    if (address === undefined || refusal !== undefined)
      throw badRequest(`Cannot send mail to ${JSON.stringify(text)}: ${refusal}`, { key: 'recipients' });
    return address;
  });
  return [...new Set(addresses)];
}

/** Throws 400 for one that no request would go to. */
export function checkedUrl(webhooks: WebhookParts, url: string): URL {
  try {
    return webhooks.checkUrl(url);
  } catch (error) {
    if (!(error instanceof EgressRefusedError)) throw error;
    // The URL itself is not repeated: it may hold a credential.
    throw badRequest(`Cannot use the URL of the webhook: ${error.message}`, { key: 'url' });
  }
}

/** `refuseMixed()`, and 400 for a format of requests where mail is sent. */
export function refuseOtherSort(standing: WebhookFormat, body: WebhookChange): void {
  refuseMixed(standing, body);
  if (standing === 'email' && body.format !== undefined)
    throw badRequest('Cannot change "format": a webhook that sends mail sends no requests; add another one', {
      key: 'format',
    });
}
