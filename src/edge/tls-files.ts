import { X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';

/** Where the server's certificate chain and its private key lie, in PEM. */
export interface TlsPaths {
  readonly certificate: string;
  readonly key: string;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
  /** What is doubtful about a pair that works: expired, expiring, not yet valid. */
  readonly warnings: readonly string[];
}

/** The certificate or the key cannot be used; the message is one line for people. */
export class TlsFilesError extends Error {
  readonly code = 'tls_files_unusable';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TlsFilesError';
  }
}

const soonMs = 14 * 86_400_000;
const plainText =
  'This port speaks HTTPS, and the request came as plain HTTP. Use https:// in the address.\n';
const plainAnswer = `HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${plainText.length}\r\nconnection: close\r\n\r\n${plainText}`;
/** First byte of a TLS record that opens a handshake (RFC 8446 §5.1). */
const handshakeByte = 22;

/** Reads and checks both files. Throws `TlsFilesError` naming the file and what is wrong with it. */
export function readTlsFiles(paths: TlsPaths, now: Date): TlsFiles {
  const cert = readPem(paths.certificate, 'certificate');
  const key = readPem(paths.key, 'private key');
  const certificate = parsed(paths.certificate, 'a certificate in PEM', () => new X509Certificate(cert));
  parsed(paths.key, 'a private key in PEM without a password', () => createSecureContext({ key }));
  parsed(paths.key, `the key of the certificate "${paths.certificate}"`, () =>
    createSecureContext({ cert, key }),
  );
  return { cert, key, minVersion: 'TLSv1.2', warnings: doubtsOf(certificate, paths.certificate, now) };
}

/** Takes changed files into use without a restart; a pair that is unusable, as half-way through a renewal, is not. */
export function watchTlsFiles(
  server: Server,
  paths: TlsPaths,
  options: {
    readonly now: () => Date;
    readonly onChange: (warnings: readonly string[]) => void;
    readonly onRefused: (error: unknown) => void;
    /** How often the files are looked at. */
    readonly checkMs?: number;
  },
): { close(): void } {
  const reload = () => {
    try {
      const { cert, key, minVersion, warnings } = readTlsFiles(paths, options.now());
      server.setSecureContext({ cert, key, minVersion });
      options.onChange(warnings);
    } catch (error) {
      options.onRefused(error);
    }
  };
  // By polling, because files that are replaced through symbolic links, as Kubernetes does, raise no event.
  const files = [paths.certificate, paths.key];
  for (const file of files)
    watchFile(file, { interval: options.checkMs ?? 5_000, persistent: false }, reload);
  return {
    close: () => {
      for (const file of files) unwatchFile(file, reload);
    },
  };
}

/** Answers plain HTTP on the HTTPS port with one line instead of a reset; a client must begin within `timeoutMs`. */
export function answerPlainHttp(server: Server, timeoutMs: number): void {
  const [takeConnection] = server.listeners('connection');
  if (takeConnection === undefined) throw new TypeError('An HTTPS server listens for connections');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const giveUp = () => socket.destroy();
    socket.setTimeout(timeoutMs, giveUp);
    socket.on('error', giveUp);
    socket.once('data', (chunk: Buffer) => {
      socket.setTimeout(0);
      socket.off('timeout', giveUp);
      if (chunk[0] !== handshakeByte) return void socket.end(plainAnswer);
      socket.off('error', giveUp);
      socket.pause();
      socket.unshift(chunk);
      takeConnection.call(server, socket);
    });
  });
}

function readPem(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const got = { ENOENT: 'no such file', EACCES: 'one that this user may not read', EISDIR: 'a folder' }[
      code
    ];
    throw new TlsFilesError(
      `Cannot use the TLS ${what} "${file}": it must be a readable file, got ${got ?? code}`,
      {
        cause,
      },
    );
  }
}

function parsed<Value>(file: string, must: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TlsFilesError(`Cannot use the TLS file "${file}": it must hold ${must}, got ${reason}`, {
      cause,
    });
  }
}

function doubtsOf(certificate: X509Certificate, file: string, now: Date): readonly string[] {
  const { validFromDate: from, validToDate: to } = certificate;
  if (now < from) return [`the TLS certificate "${file}" is not valid before ${from.toISOString()}`];
  if (now >= to) return [`the TLS certificate "${file}" expired at ${to.toISOString()}: clients refuse it`];
  if (to.getTime() - now.getTime() > soonMs) return [];
  return [`the TLS certificate "${file}" expires at ${to.toISOString()}`];
}
