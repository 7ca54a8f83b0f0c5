import { createHash } from 'node:crypto';
import { fixInWords } from '../report/fix-source.ts';
import { consoleLink, settingsLink } from './console-link.ts';
import type { DifferenceTally } from './difference.ts';
import { domainOf, type MailAddress } from './mail-address.ts';
import type { Mail } from './mail-server.ts';
import { changeWords, type Message, type MessageFinding } from './message.ts';
import { findingLines, imageLine, plain } from './message-lines.ts';
import type { Webhook } from './webhook.ts';

export interface MailWanted {
  readonly webhook: Webhook;
  readonly to: MailAddress;
  readonly from: MailAddress;
  /** Without a slash at its end. */
  readonly externalUrl: string;
}

/** The message as a mail in plain text and HTML. Texts from images are one line each, and never markup (threats.md D8). */
export function mailOf(message: Message, wanted: MailWanted): Mail {
  const { to, externalUrl } = wanted;
  const links = {
    console: consoleLink(message, externalUrl),
    settings: settingsLink(ownerOf(message, wanted), externalUrl),
  };
  return {
    to,
    messageId: messageIdOf(message, wanted),
    at: new Date(message.at),
    subject: subjectOf(message),
    text: textOf(message, { wanted, links }),
    html: htmlOf(message, { wanted, links }),
    headers: {
      'List-Id': listIdOf(message, externalUrl),
      // RFC 3834: nobody on holiday answers it.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
  };
}

/** The same for every attempt at one recipient, and of no other mail; installations may share the sender's domain. */
function messageIdOf({ id }: Message, { webhook, to, from, externalUrl }: MailWanted): string {
  const rest = createHash('sha256').update(`${externalUrl}\n${webhook.id}\n${to}`).digest('hex');
  return `${id}.${rest.slice(0, 24)}@${domainOf(from)}`;
}

/** RFC 2919: one list for each namespace of an installation, for filters of mail programs. */
function listIdOf({ namespace }: Message, externalUrl: string): string {
  const label = (namespace ?? 'registry').replaceAll(/[^A-Za-z0-9-]+/g, '-');
  return `<${label}.pratique.${new URL(externalUrl).hostname.replaceAll(/[^A-Za-z0-9.-]+/g, '-')}>`;
}

function subjectOf(message: Message): string {
  const place = message.namespace === undefined ? 'the registry' : message.namespace;
  return plain(`[Pratique] ${place}: ${inShort(message)}`);
}

/** What is new, by severity, for a difference; else the title. */
function inShort({ kind, title, facts, imageCount }: Message): string {
  if (kind !== 'findings.changed') return title;
  const tally = facts['tally'] as readonly DifferenceTally[]; // by `differenceMessage()`
  const countOf = (fits: (one: DifferenceTally) => boolean) =>
    tally.filter(fits).reduce((sum, { count }) => sum + count, 0);
  const added = countOf(({ change }) => change === 'added');
  const severe = (['critical', 'high'] as const).flatMap((severity) => {
    const count = countOf((one) => one.change === 'added' && one.severity === severity);
    return count === 0 ? [] : `${count} new ${severity}`;
  });
  const others = Object.entries(changeWords).flatMap(([change, words]) => {
    const count = change === 'added' ? 0 : countOf((one) => one.change === change);
    return count === 0 ? [] : `${count} ${words}`;
  });
  const news = severe.length > 0 || added === 0 ? severe : [`${added} new`];
  const images = imageCount === 1 ? '1 image' : `${imageCount} images`;
  return `vulnerabilities in ${images}: ${[...news, ...others].join(', ')}`;
}

interface Parts {
  readonly wanted: MailWanted;
  readonly links: { readonly console: string; readonly settings: string };
}

function textOf(message: Message, { wanted, links }: Parts): string {
  const images = imageLine(message);
  return [
    plain(message.title),
    ...listOf(findingLines(message, message.findings.length)),
    ...(images === undefined ? [] : ['', images]),
    '',
    `Open in Pratique: ${links.console}`,
    '',
    '-- ',
    plain(whyOf(message, wanted)),
    `Changed at: ${links.settings}`,
    '',
  ].join('\n');
}

function listOf(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines.map((line) => `* ${line}`)];
}

function whyOf(message: Message, wanted: MailWanted): string {
  const { createdBy, name } = wanted.webhook;
  const owner = ownerOf(message, wanted);
  const place = owner === undefined ? 'the registry' : `the namespace ${owner}`;
  return `You get this because ${createdBy} entered your address at "${name}" of ${place}.`;
}

/** The namespace that the webhook is of; undefined: the registry, which hears of every namespace. */
function ownerOf({ namespace }: Message, { webhook }: MailWanted): string | undefined {
  return webhook.namespaceId === undefined ? undefined : namespace;
}

function htmlOf(message: Message, { wanted, links }: Parts): string {
  const { findings, findingCount } = message;
  const images = imageLine(message);
  const others = findingCount - findings.length;
  return [
    '<!doctype html><html><body style="font-family: sans-serif; font-size: 14px; line-height: 1.5">',
    `<p><strong>${escaped(message.title)}</strong></p>`,
    findings.length === 0 ? '' : tableOf(findings),
    others > 0 ? `<p>and ${others} more</p>` : '',
    images === undefined ? '' : `<p>${escaped(images)}</p>`,
    `<p><a href="${escaped(links.console)}">Open in Pratique</a></p>`,
    `<p style="color: #666; font-size: 12px">${escaped(whyOf(message, wanted))}`,
    ` <a href="${escaped(links.settings)}">Change it</a></p></body></html>`,
  ].join('\n');
}

function tableOf(findings: readonly MessageFinding[]): string {
  const hasChanges = findings.some(({ change }) => change !== undefined);
  const names = [...(hasChanges ? ['Change'] : []), 'Id', 'Severity', 'In', 'Fixed in'];
  const cell = (tag: 'td' | 'th', text: string) =>
    `<${tag} style="text-align: left; padding: 2px 16px 2px 0">${escaped(text)}</${tag}>`;
  const rows = findings.map((finding) => {
    const { change, id, severity, previousSeverity, version, fixedVersion, fixedSource, knownExploited } =
      finding;
    const was = previousSeverity === undefined ? '' : `, was ${previousSeverity}`;
    const values = [
      ...(hasChanges ? [change === undefined ? '' : changeWords[change]] : []),
      knownExploited ? `${id} (known to be exploited)` : id,
      `${severity}${was}`,
      version === undefined ? finding.package : `${finding.package} ${version}`,
      fixedVersion === undefined ? '' : fixInWords(fixedVersion, fixedSource),
    ];
    return `<tr>${values.map((value) => cell('td', value)).join('')}</tr>`;
  });
  const head = `<tr>${names.map((name) => cell('th', name)).join('')}</tr>`;
  return `<table style="border-collapse: collapse; font-size: 13px">${[head, ...rows].join('\n')}</table>`;
}

function escaped(text: string): string {
  return plain(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
