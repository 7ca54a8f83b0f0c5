import { consoleLink } from './console-link.ts';
import type { Message } from './message.ts';
import { findingLines, imageLine, plain } from './message-lines.ts';

/** A block holds at most 3,000 characters (https://docs.slack.dev/reference/block-kit/blocks/section-block). */
const blockLengthMax = 2_900;

/** For an incoming webhook of Slack, or what takes the same. Texts from images are plain text there, never markup. */
export function slackMessageOf(message: Message, externalUrl: string) {
  const title = plain(message.title);
  const lines = [...findingLines(message), imageLine(message)].filter((line) => line !== undefined);
  return {
    // Shown by notifications of the system; `<`, `>` and `&` are all that Slack reads as markup of links and mentions.
    text: escaped(title),
    blocks: [
      plainSection(title),
      ...(lines.length === 0 ? [] : [plainSection(lines.join('\n'))]),
      {
        type: 'context',
        elements: [{ type: 'mrkdwn', text: `<${consoleLink(message, externalUrl)}|Open in Pratique>` }],
      },
    ],
  };
}

function plainSection(text: string) {
  return {
    type: 'section',
    text: { type: 'plain_text', text: text.slice(0, blockLengthMax).toWellFormed(), emoji: false },
  };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
