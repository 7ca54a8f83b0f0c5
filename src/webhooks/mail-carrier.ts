import type { Attempt, AttemptWanted, Carrier } from './attempt.ts';
import { mailOf } from './mail-message.ts';
import type { MailReply, MailServer } from './mail-server.ts';

/** Reasons are given for so many recipients. */
const namedMax = 3;

/** Sends a message as one mail to each recipient. */
export class MailCarrier implements Carrier {
  readonly #server: MailServer | undefined;
  readonly #externalUrl: string;

  /** `server` is absent when none is set; `externalUrl` has no slash at its end. */
  constructor(options: { readonly server: MailServer | undefined; readonly externalUrl: string }) {
    this.#server = options.server;
    this.#externalUrl = options.externalUrl;
  }

  async attempt(wanted: AttemptWanted): Promise<Attempt> {
    const { webhook } = wanted.opened;
    const server = this.#server;
    if (server === undefined)
      return { error: 'this server has no mail server to send with (PRATIQUE_SMTP_HOST)' };
    // In the order of the last attempt; one that was taken away meanwhile gets nothing more.
    const { outstanding: order = webhook.recipients } = wanted;
    const left = webhook.recipients
      .filter((to) => order.includes(to))
      .toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
    const outstanding: string[] = [];
    const refused = [...wanted.refused];
    const reasons: string[] = [];
    let last: MailReply | undefined;
    for (const to of left) {
      // The server as such failed: it is not asked again for the others, who come first the next time.
      if (last?.kind === 'failed') {
        outstanding.unshift(to);
        continue;
      }
      const refusal = server.refusalOf(to);
      const mail = mailOf(wanted.message, { webhook, to, from: server.from, externalUrl: this.#externalUrl });
      last = refusal === undefined ? await server.send(mail, wanted.signal) : refusedByUs(refusal);
      if (last.kind === 'accepted') continue;
      reasons.push(last.kind === 'failed' ? `the mail server: ${last.reason}` : `${to}: ${last.reason}`);
      if (last.kind === 'refused' && last.isFinal) refused.push(to);
      else outstanding.push(to);
    }
    const status = last === undefined || last.code === 0 ? undefined : last.code;
    const error = errorOf({ outstanding, refused, reasons });
    return {
      ...(status === undefined ? {} : { status }),
      ...(error === undefined ? {} : { error, isFinal: outstanding.length === 0 }),
      outstanding,
      refused,
    };
  }
}

function refusedByUs(reason: string): MailReply {
  return { kind: 'refused', code: 0, isFinal: true, reason };
}

/** Undefined when it has reached everybody. */
function errorOf(attempt: {
  readonly outstanding: readonly string[];
  readonly refused: readonly string[];
  readonly reasons: readonly string[];
}): string | undefined {
  const { outstanding, refused, reasons } = attempt;
  if (outstanding.length + refused.length === 0) return undefined;
  // Refused in an attempt before, which said why.
  if (reasons.length === 0) return `refused before: ${refused.slice(0, namedMax).join(', ')}`;
  const others = reasons.length - namedMax;
  return [...reasons.slice(0, namedMax), ...(others > 0 ? [`and ${others} more`] : [])].join('; ');
}
