import type { Message } from './message.ts';

/** Where the console shows more of it. */
export function consoleLink({ namespace, kind }: Message, externalUrl: string): string {
  if (namespace === undefined)
    return kind === 'webhook.test' ? `${externalUrl}/webhooks` : `${externalUrl}/events`;
  const tab = kind === 'webhook.test' ? 'webhooks' : 'events';
  return `${externalUrl}/namespaces/${encodeURIComponent(namespace)}?tab=${tab}`;
}
