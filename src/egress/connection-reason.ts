const wordsByCode: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'the name of its host could not be looked up',
  ENOTFOUND: 'the name of its host is not known',
  ECONNREFUSED: 'nothing answers at its address and port',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'its host did not answer in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not signed by a known authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not signed by a known authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not signed by a known authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not signed by a known authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

/** Why a connection failed, by the code of the system or of TLS alone: other texts could be the other side's. */
export function connectionReason(code: string): string {
  const words = wordsByCode[code];
  if (words !== undefined) return `${words} (${code})`;
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return `it does not speak TLS as it should (${code})`;
  if (code.startsWith('HPE_')) return `its answer is not HTTP (${code})`;
  return /^[A-Z0-9_]{2,60}$/.test(code) ? `the connection failed (${code})` : 'the connection failed';
}

/** `connectionReason()` of an error; an attempt at several addresses of a host fails with one error for all. */
export function reasonOfConnection(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && 'code' in first && typeof first.code === 'string' ? first.code : '';
  return connectionReason(code);
}
