import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { ApiClient } from './api-client.ts';
import { adminPassword, type ServerProcess, startServerProcess } from './server-process.ts';

/** What a client signs in with. */
export interface Login {
  readonly name: string;
  readonly secret: string;
}

/** A server with the private namespace `clients`, whose images are not scanned by themselves, and a folder of the test's own. */
export interface ClientsServer {
  readonly server: ServerProcess;
  readonly api: ApiClient;
  readonly folder: string;
  readonly admin: Login;
  /** A robot of the namespace that may pull, push and delete. */
  readonly writer: Login;
  /** A robot of the namespace that may pull only. */
  readonly reader: Login;
  /** `host:port/clients/<name>` */
  named(name: string): string;
  /** Stops the server, which must end well, and removes what it and the test have stored. */
  close(): Promise<void>;
}

export async function startClientsServer(
  environment: Readonly<Record<string, string>> = {},
): Promise<ClientsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'pratique-clients-'));
  // Without a feed of its own a test needs none: the server must start and serve without one.
  const feed = { PRATIQUE_ADVISORIES: `file:${folder}/no-feed` };
  const server = await startServerProcess({ environment: { ...feed, ...environment } });
  const api = new ApiClient(server.url);
  await api.call('POST', '/namespaces', { name: 'clients', autoScan: false });
  const robot = async (name: string, permission: string): Promise<Login> => {
    const made = await api.call<{ robot: { login: string }; secret: { secret: string } }>(
      'POST',
      '/namespaces/clients/robots',
      { name, permission },
    );
    return { name: made.robot.login, secret: made.secret.secret };
  };
  return {
    server,
    api,
    folder,
    admin: { name: 'admin', secret: adminPassword },
    writer: await robot('writer', 'pull-push-delete'),
    reader: await robot('reader', 'pull'),
    named: (name) => `${server.host}/clients/${name}`,
    close: async () => {
      const code = await server.stop();
      server.clean();
      rmSync(folder, { recursive: true, force: true });
      if (code !== 0) throw new Error(`The server ended with ${code}:\n${server.output()}`);
    },
  };
}

/** A gzip-compressed layer of text files. */
export async function layerOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer); // tar-stream yields buffers
  return gzipSync(Buffer.concat(chunks));
}
