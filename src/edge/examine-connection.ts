import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type DoctorFinding, failed, ok, skipped, warning } from './doctor-finding.ts';

const connectMsMax = 10_000;
const soonMs = 14 * 86_400_000;

/** DNS, TCP and TLS of an address, in this order; what follows a failed step is skipped. */
export async function examineConnection(
  url: URL,
  options: { readonly authorities?: readonly string[]; readonly now: Date },
): Promise<readonly DoctorFinding[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
  const dns = await examineName(host);
  if (dns.result === 'failed') return [dns, skipped('TCP', 'no address'), skipped('TLS', 'no address')];
  const tcp = await examinePort(host, port);
  if (tcp.result === 'failed') return [dns, tcp, skipped('TLS', 'no connection')];
  if (url.protocol !== 'https:') return [dns, tcp, plainHttp(host)];
  return [dns, tcp, await examineTls({ host, port, ...options })];
}

async function examineName(host: string): Promise<DoctorFinding> {
  try {
    const addresses = await lookup(host, { all: true });
    return ok('DNS', `${host} is ${addresses.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    return failed(
      'DNS',
      `${host} has no address (${codeOf(error)})`,
      `make a DNS record for ${host}, or set PRATIQUE_EXTERNAL_URL to a name that clients can resolve`,
    );
  }
}

async function examinePort(host: string, port: number): Promise<DoctorFinding> {
  const where = `${host}:${port}`;
  const error = await settled(() => {
    const socket = connect({ host, port, timeout: connectMsMax });
    return { socket, event: 'connect' };
  });
  if (error === undefined) return ok('TCP', `${where} accepts connections`);
  return failed(
    'TCP',
    `${where} does not accept connections (${codeOf(error)})`,
    `start the proxy or the server on that port, open the firewall, or correct PRATIQUE_LISTEN and PRATIQUE_EXTERNAL_URL`,
  );
}

function plainHttp(host: string): DoctorFinding {
  if (/^(localhost|127\..*|::1)$/.test(host)) return ok('TLS', 'plain HTTP, on this machine only');
  return warning(
    'TLS',
    'plain HTTP: passwords travel unprotected, and Docker refuses it',
    'set PRATIQUE_TLS_CERT and PRATIQUE_TLS_KEY, or put a TLS proxy in front and set PRATIQUE_EXTERNAL_URL to https://…',
  );
}

async function examineTls(asked: {
  readonly host: string;
  readonly port: number;
  readonly authorities?: readonly string[];
  readonly now: Date;
}): Promise<DoctorFinding> {
  const { host, port, authorities, now } = asked;
  let validTo = '';
  const error = await settled(() => {
    const socket = connectTls({
      host,
      port,
      timeout: connectMsMax,
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
    });
    socket.once('secureConnect', () => {
      validTo = socket.getPeerCertificate().valid_to;
    });
    return { socket, event: 'secureConnect' };
  });
  if (error !== undefined)
    return failed('TLS', `the handshake fails: ${messageOf(error)}`, adviceOf(codeOf(error), host));
  const leftMs = Date.parse(validTo) - now.getTime();
  if (leftMs < soonMs) return warning('TLS', `the certificate ends ${validTo}`, 'renew the certificate');
  return ok('TLS', `the certificate is trusted until ${validTo}`);
}

function adviceOf(code: string, host: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return "renew the certificate (PRATIQUE_TLS_CERT, or the proxy's)";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `use a certificate for ${host}, or set PRATIQUE_EXTERNAL_URL to a name that it holds`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'serve the whole chain, and give clients your own authority (--ca here, /etc/docker/certs.d/<host>/ca.crt there)';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'that port speaks plain HTTP: set PRATIQUE_TLS_CERT and PRATIQUE_TLS_KEY, or correct the port of PRATIQUE_EXTERNAL_URL';
    default:
      return 'check the TLS settings of the proxy, or PRATIQUE_TLS_CERT and PRATIQUE_TLS_KEY';
  }
}

/** The error that came before the event; undefined when the event came first. */
async function settled(
  begin: () => { readonly socket: ReturnType<typeof connect>; readonly event: string },
): Promise<Error | undefined> {
  return await new Promise((resolve) => {
    const { socket, event } = begin();
    const finish = (error?: Error) => {
      resolve(error);
      socket.destroy();
    };
    socket.once(event, () => finish());
    socket.on('error', finish);
    socket.once('timeout', () => finish(new Error(`no answer within ${connectMsMax} ms`)));
  });
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
