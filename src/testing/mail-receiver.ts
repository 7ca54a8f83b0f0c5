import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** One mail as it came over the wire. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Who signed in to send it; absent: nobody. */
  readonly user?: string;
  readonly isSecure: boolean;
  /** With line ends as `\r\n`. */
  readonly raw: string;
}

/** An answer other than yes, such as `{ code: 451, text: '4.7.1 later' }`. */
export interface SmtpRefusal {
  readonly code: number;
  readonly text: string;
}

/** A real SMTP server of a test, on this machine. */
export interface MailReceiver {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
  /** Answers `RCPT TO` for an address, as it is then. */
  readonly recipients: Map<string, SmtpRefusal>;
  /** Answers every mail; undefined: it is taken. */
  refusal: SmtpRefusal | undefined;
  close(): Promise<void>;
}

export async function startMailReceiver(
  options: {
    readonly port?: number;
    /** Offers STARTTLS with these, PEM; absent: no TLS. */
    readonly tls?: { readonly certificate: Buffer; readonly key: Buffer; readonly implicit?: true };
    readonly login?: { readonly user: string; readonly password: string };
  } = {},
): Promise<MailReceiver> {
  const { tls, login } = options;
  const received: ReceivedMail[] = [];
  const recipients = new Map<string, SmtpRefusal>();
  const state: { refusal: SmtpRefusal | undefined } = { refusal: undefined };
  const settings: SMTPServerOptions = {
    ...(tls === undefined
      ? { hideSTARTTLS: true, disabledCommands: ['STARTTLS', 'AUTH'] }
      : { cert: tls.certificate, key: tls.key, secure: tls.implicit === true }),
    authOptional: login === undefined,
    onAuth: ({ username, password }, _session, done) => {
      const fits = username === login?.user && password === login?.password;
      if (fits) done(null, { user: username });
      else done(answer({ code: 535, text: '5.7.8 canary-of-the-answer' }));
    },
    onRcptTo: ({ address }, _session, done) => done(answer(recipients.get(address))),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (state.refusal !== undefined) return done(answer(state.refusal));
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          ...(typeof session.user === 'string' ? { user: session.user } : {}),
          isSecure: session.secure,
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
  };
  const server = new SMTPServer(settings);
  // A client that goes away in the middle is what some tests do.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', () => resolve()));
  const { port } = server.server.address() as AddressInfo; // it listens on TCP
  return {
    port,
    received,
    recipients,
    get refusal() {
      return state.refusal;
    },
    set refusal(refusal) {
      state.refusal = refusal;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function answer(refusal: SmtpRefusal | undefined): Error | null {
  if (refusal === undefined) return null;
  return Object.assign(new Error(refusal.text), { responseCode: refusal.code });
}
