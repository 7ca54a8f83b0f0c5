import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, normalize } from 'node:path';

/** A plain static HTTP server over a folder: all that a mirror of OSV.dev's bucket is. */
export interface StaticMirror {
  readonly url: string;
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export async function serveFolder(folder: string): Promise<StaticMirror> {
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://mirror').pathname));
    requests.push(path);
    const file = join(folder, path);
    const size = statSync(file, { throwIfNoEntry: false });
    if (size === undefined || !size.isFile()) {
      response.writeHead(404).end('not found');
      return;
    }
    response.writeHead(200, { 'content-length': size.size, 'last-modified': size.mtime.toUTCString() });
    createReadStream(file).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No TCP address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
