import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildZip } from './samples/build-zip.ts';

export interface MirrorRecord {
  readonly id: string;
  readonly modified: string;
  readonly [field: string]: unknown;
}

/** Answers a request by itself instead of a file. */
export type ScriptedAnswer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server over a mirror in memory, with ETags and ranges, that notes what is asked of it. */
export class StaticMirror {
  readonly #files = new Map<string, Buffer | ScriptedAnswer>();
  readonly #cuts = new Map<string, number[]>();
  readonly #server = createServer((request, response) => this.#answer(request, response));
  /** Decoded paths in the order of their requests, each followed by `304 <path>` or `206 <path> from <byte>` where that was the answer. */
  readonly requests: string[] = [];

  /** Starts on a free port and returns the root's address. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo; // a TCP server has no other kind of address
    return `http://127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Sets a file, or a scripted answer; `undefined` removes it. */
  set(path: string, content: string | Buffer | ScriptedAnswer | undefined): void {
    if (content === undefined) this.#files.delete(path);
    else this.#files.set(path, typeof content === 'string' ? Buffer.from(content) : content);
  }

  /** The next answers with this file's content break off after so many bytes of their body, one after the other. */
  cut(path: string, ...bytes: readonly number[]): void {
    this.#cuts.set(path, [...bytes]);
  }

  /** Writes a folder as OSV.dev does: `all.zip`, `modified_id.csv` (newest first) and one file per record. */
  setFolder(folder: string, records: readonly MirrorRecord[]): void {
    for (const path of [...this.#files.keys()]) if (path.startsWith(`/${folder}/`)) this.#files.delete(path);
    const members = records.map((record) => ({
      name: `${record.id}.json`,
      bytes: Buffer.from(JSON.stringify(record)),
    }));
    for (const { name, bytes } of members) this.set(`/${folder}/${name}`, bytes);
    this.set(`/${folder}/all.zip`, buildZip(members));
    this.set(`/${folder}/modified_id.csv`, modifiedList(records));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://mirror').pathname);
    this.requests.push(path);
    const content = this.#files.get(path);
    if (content === undefined) {
      response.writeHead(404).end('not found');
    } else if (typeof content === 'function') {
      content(request, response);
    } else {
      this.#answerFile(path, content, request, response);
    }
  }

  #answerFile(path: string, content: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const etag = `"${createHash('sha256').update(content).digest('hex').slice(0, 16)}"`;
    if (request.headers['if-none-match'] === etag) {
      this.requests.push(`304 ${path}`);
      response.writeHead(304, { etag }).end();
      return;
    }
    const start = request.headers['if-range'] === etag ? rangeStart(request) : undefined;
    const body = content.subarray(start ?? 0);
    const headers = { etag, 'content-length': body.length };
    if (start === undefined) response.writeHead(200, headers);
    else {
      this.requests.push(`206 ${path} from ${start}`);
      const range = `bytes ${start}-${content.length - 1}/${content.length}`;
      response.writeHead(206, { ...headers, 'content-range': range });
    }
    const cut = this.#cuts.get(path)?.shift();
    if (cut === undefined) response.end(body);
    // What has just come may be lost with the connection: the pause lets it be read.
    else response.write(body.subarray(0, cut), () => setTimeout(() => response.socket?.end(), 40));
  }
}

function rangeStart(request: IncomingMessage): number | undefined {
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

/** `modified_id.csv` of a folder. */
export function modifiedList(records: readonly MirrorRecord[]): string {
  return [...records]
    .sort((a, b) => Date.parse(b.modified) - Date.parse(a.modified))
    .map((record) => `${withoutTrailingZeros(record.modified)},${record.id}\n`)
    .join('');
}

/** OSV.dev's lists drop the trailing zeros of a fraction that the records keep. */
function withoutTrailingZeros(instant: string): string {
  return instant.replace(/(\.\d*?)0+Z$/, '$1Z').replace(/\.Z$/, 'Z');
}
