import { consoleLink } from './console-link.ts';
import type { Message } from './message.ts';
import { findingLines, imageLine, plain } from './message-lines.ts';

/**
 * For the trigger "When a Teams webhook request is received" of Workflows: a message with one Adaptive Card 1.4
 * (https://adaptivecards.io/explorer/AdaptiveCard.html). Texts from images are runs of a RichTextBlock, which know no markup.
 */
export function teamsMessageOf(message: Message, externalUrl: string) {
  const lines = [...findingLines(message), imageLine(message)].filter((line) => line !== undefined);
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            textBlock(plain(message.title), { weight: 'Bolder' }),
            ...lines.map((line) => textBlock(line, {})),
          ],
          actions: [
            { type: 'Action.OpenUrl', title: 'Open in Pratique', url: consoleLink(message, externalUrl) },
          ],
        },
      },
    ],
  };
}

function textBlock(text: string, style: Readonly<Record<string, unknown>>) {
  return { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text, ...style }] };
}
