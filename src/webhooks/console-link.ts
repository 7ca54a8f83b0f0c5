import type { Message } from './message.ts';

/** Where the console shows more of it. */
export function consoleLink({ namespace, kind }: Message, externalUrl: string): string {
  if (kind === 'webhook.test') return settingsLink(namespace, externalUrl);
  return namespace === undefined ? `${externalUrl}/events` : tabLink(namespace, 'events', externalUrl);
}

/** Where webhooks of a namespace, or of the registry, are changed. */
export function settingsLink(namespace: string | undefined, externalUrl: string): string {
  return namespace === undefined ? `${externalUrl}/webhooks` : tabLink(namespace, 'webhooks', externalUrl);
}

function tabLink(namespace: string, tab: string, externalUrl: string): string {
  return `${externalUrl}/namespaces/${encodeURIComponent(namespace)}?tab=${tab}`;
}
