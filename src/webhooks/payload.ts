import { assertNever } from '../report/assert-never.ts';
import { cloudEventOf } from './cloudevents-format.ts';
import type { Message } from './message.ts';
import { slackMessageOf } from './slack-format.ts';
import { teamsMessageOf } from './teams-format.ts';
import type { RequestFormat } from './webhook.ts';

/** What is sent. */
export interface Payload {
  readonly contentType: string;
  readonly body: string;
}

/** The message in one of the formats of requests. `externalUrl` has no slash at its end. */
export function payloadOf(
  message: Message,
  to: { readonly format: RequestFormat; readonly externalUrl: string },
): Payload {
  const { format, externalUrl } = to;
  switch (format) {
    case 'cloudevents':
      return {
        contentType: 'application/cloudevents+json; charset=utf-8',
        body: JSON.stringify(cloudEventOf(message, externalUrl)),
      };
    case 'slack':
      return {
        contentType: 'application/json; charset=utf-8',
        body: JSON.stringify(slackMessageOf(message, externalUrl)),
      };
    case 'teams':
      return {
        contentType: 'application/json; charset=utf-8',
        body: JSON.stringify(teamsMessageOf(message, externalUrl)),
      };
    default:
      return assertNever(format);
  }
}
