import { createTransport } from 'nodemailer';
import { connectionReason } from '../egress/connection-reason.ts';
import { domainOf, type MailAddress } from './mail-address.ts';

/** How the connection is kept secret: upgraded before anything is said, from its first byte, or not at all. */
export type MailTls = 'starttls' | 'implicit' | 'none';

/** The mail server that takes our mails. Set by the operator alone: it may be private. */
export interface MailServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: MailTls;
  /** Only over TLS. */
  readonly login?: { readonly user: string; readonly password: { reveal(): string } };
  readonly from: MailAddress;
  /** Mail goes to addresses of these domains only; empty: of any. */
  readonly recipientDomains: readonly string[];
  /** Certificates to trust, PEM. Default: those that Node trusts. */
  readonly certificates?: string;
  /** For one mail; default 30 s. */
  readonly timeoutMs?: number;
}

/** One mail to one recipient. Texts that come from elsewhere have no line ends. */
export interface Mail {
  readonly to: MailAddress;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly at: Date;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the server said; nothing of its text, which may be anything, but the codes. */
export type MailReply =
  | { readonly kind: 'accepted'; readonly code: number }
  /** This mail, or this recipient. `isFinal`: it said that it always will. */
  | {
      readonly kind: 'refused';
      readonly code: number;
      readonly isFinal: boolean;
      readonly reason: string;
    }
  /** The server as such: the next mail would go no better. */
  | { readonly kind: 'failed'; readonly code?: number; readonly reason: string };

const timeoutMsDefault = 30_000;

/** Speaks SMTP with one server, a connection for each mail: certificates count, and what must be secret goes over TLS only. */
export class MailServer {
  readonly #options: MailServerOptions;
  readonly #transport: ReturnType<typeof createTransport>;

  constructor(options: MailServerOptions) {
    this.#options = options;
    const { host, port, tls, login, certificates, timeoutMs = timeoutMsDefault } = options;
    this.#transport = createTransport({
      host,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      tls: {
        // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        ...(certificates === undefined ? {} : { ca: certificates }),
      },
      ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password.reveal() } }),
      // Without it, a server that offers no sign-in would get the mail unsigned.
      forceAuth: login !== undefined,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      logger: false,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  get from(): MailAddress {
    return this.#options.from;
  }

  /** Why no mail goes to an address; undefined: it may. */
  refusalOf(address: MailAddress): string | undefined {
    const { recipientDomains } = this.#options;
    if (recipientDomains.length === 0 || recipientDomains.includes(domainOf(address))) return undefined;
    return `mail of this server goes to addresses of ${recipientDomains.join(', ')} only`;
  }

  /** Throws the signal's reason, or what is an error of ours. */
  async send(mail: Mail, signal: AbortSignal): Promise<MailReply> {
    const { from, timeoutMs = timeoutMsDefault } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const { response } = await this.#transport.sendMail({
        from: { name: 'Pratique', address: from },
        to: mail.to,
        envelope: { from, to: [mail.to] },
        messageId: `<${mail.messageId}>`,
        date: mail.at,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        headers: mail.headers,
        signal: AbortSignal.any([signal, timeout]),
      });
      return { kind: 'accepted', code: codeOf(response) ?? 250 };
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted)
        return { kind: 'failed', reason: `it did not take it within ${timeoutMs / 1_000} s` };
      return replyOf(error);
    }
  }

  /** Connects, secures, signs in and leaves again; undefined: all of it went well, else what did not. */
  async check(): Promise<string | undefined> {
    try {
      await this.#transport.verify();
      return undefined;
    } catch (error) {
      const reply = replyOf(error);
      return reply.kind === 'accepted' ? undefined : reply.reason;
    }
  }
}

function codeOf(response: unknown): number | undefined {
  const code = typeof response === 'string' ? /^[2-5]\d\d/.exec(response)?.[0] : undefined;
  return code === undefined ? undefined : Number(code);
}

/** The codes of a reply, as `550 5.1.1` (RFC 5321, RFC 3463). */
function codesOf(response: string): string {
  return /^[2-5]\d\d(?:[ -][245]\.\d{1,3}\.\d{1,3}(?= |$))?/m.exec(response)?.[0].replace('-', ' ') ?? '';
}

/** Nodemailer's error codes are at https://nodemailer.com/errors. */
function replyOf(error: unknown): MailReply {
  const { code, originalCode, command, response, responseCode, permanent } = error as {
    readonly [field in 'code' | 'originalCode' | 'command' | 'response']?: unknown;
  } & { readonly responseCode?: number; readonly permanent?: boolean };
  const codes = typeof response === 'string' ? codesOf(response) : '';
  if (code === 'EAUTH' || code === 'ENOAUTH')
    return failed(codes === '' ? 'it offers no sign-in' : `it refused the sign-in (${codes})`, responseCode);
  if (code === 'ETLS' && responseCode !== undefined)
    return failed(`it does not offer STARTTLS (${codes})`, responseCode);
  if ((code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined) {
    const isFinal = permanent === true;
    const what =
      command === 'RCPT TO' ? 'the recipient' : command === 'MAIL FROM' ? 'the sender' : 'the mail';
    const reason = `it refused ${what}${isFinal ? '' : ' for now'} (${codes})`;
    return { kind: 'refused', code: responseCode, isFinal, reason };
  }
  if (code === 'ETIMEDOUT') return failed('it did not answer in time', responseCode);
  if (typeof originalCode === 'string') return failed(connectionReason(originalCode), responseCode);
  if (codes !== '') return failed(`it ended the connection (${codes})`, responseCode);
  if (typeof code === 'string') return failed(connectionReason(code), responseCode);
  throw error;
}

function failed(reason: string, code: number | undefined): MailReply {
  return { kind: 'failed', reason, ...(code === undefined ? {} : { code }) };
}
