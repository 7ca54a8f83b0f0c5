import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from './settings/config.ts';
import { StartError } from './start-error.ts';

/** Where the server listens, and where people reach it. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end. */
  readonly externalUrl: string;
}

/** Fills in what the settings leave open: a free port for port 0, and the URL. Throws `StartError`. */
export async function chooseAddress(config: Config): Promise<Address> {
  const { host } = config.listen;
  const port = config.listen.port === 0 ? await freePort(host) : config.listen.port;
  return {
    host,
    port,
    externalUrl:
      config.externalUrl ?? defaultUrl(config.tls === undefined ? 'http' : 'https', { host, port }),
  };
}

/** Report links and the token service's address hold the port, so it must be known before anything is served. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  try {
    server.listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  } catch (cause) {
    throw listenError({ host, port: 0 }, cause);
  } finally {
    server.close();
  }
}

function defaultUrl(
  scheme: string,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  const isThisMachine = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host);
  const name = isThisMachine ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}:${port}`;
}

const obstacles: Readonly<Record<string, string>> = {
  EADDRINUSE: 'one that another process uses',
  EACCES: 'one that this user may not use',
  EADDRNOTAVAIL: 'an address that this machine does not have',
  ENOTFOUND: 'a host name that is unknown',
};

/** Says what stands in the way of listening. */
export function listenError(
  { host, port }: { readonly host: string; readonly port: number },
  cause: unknown,
): StartError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new StartError(
    `Cannot listen on "${host}:${port}": address and port must be free for this server, got ${obstacles[code] ?? code}; set PRATIQUE_LISTEN to another`,
    { cause },
  );
}
