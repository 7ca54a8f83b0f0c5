import { type DoctorFinding, failed, ok } from '../../edge/doctor-finding.ts';
import { MailServer, type MailServerOptions } from '../../webhooks/mail-server.ts';

/** Connects to the mail server as a notification would, and signs in; empty when none is set. */
export async function examineMailServer(
  options: MailServerOptions | undefined,
): Promise<readonly DoctorFinding[]> {
  if (options === undefined) return [];
  const { host, port, tls, login } = options;
  const reason = await new MailServer(options).check();
  if (reason === undefined) {
    const security = { starttls: 'STARTTLS', implicit: 'TLS', none: 'no TLS' }[tls];
    return [ok('mail server', `${host}:${port} takes us, with ${security}${login ? ' and sign-in' : ''}`)];
  }
  const advice =
    'check PRATIQUE_SMTP_HOST, _PORT, _TLS, _USER and _PASSWORD; NODE_EXTRA_CA_CERTS names your own certificate authority';
  return [failed('mail server', `${host}:${port}: ${reason}`, advice)];
}
