import { consoleLink } from './console-link.ts';
import type { Message } from './message.ts';

/** CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md). */
export function cloudEventOf(message: Message, externalUrl: string) {
  const { id, kind, at, subject, namespace, title, findings, findingCount, images, imageCount, facts } =
    message;
  return {
    specversion: '1.0',
    id,
    source: externalUrl,
    type: `pratique.${kind}`,
    subject,
    time: at,
    datacontenttype: 'application/json',
    data: {
      title,
      url: consoleLink(message, externalUrl),
      ...(namespace === undefined ? {} : { namespace }),
      findings,
      findingCount,
      truncated: findingCount > findings.length || imageCount > images.length,
      images,
      imageCount,
      ...facts,
    },
  };
}
