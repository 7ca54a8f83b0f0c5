import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { routeClassOf } from './route-class.ts';

/** A request and its answer, from its head until the answer has ended or its client has gone. */
export interface Exchange {
  /** The request's id, which its answer carries too. */
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Address of the client; what a trusted proxy said of it. */
  readonly client: string;
  /** By `performance.now()`. */
  readonly startedMs: number;
  /** Whose request it is: what was proven, never what a client says of itself. */
  principal: string;
  /** Whether somebody was. */
  isProven: boolean;
}

/** What its connection has moved since the exchange before on it ended. The head has been read when an exchange begins. */
export interface MovedBytes {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/**
 * The exchanges that run. Every request passes here: one object and one map entry each, and one listener that all share.
 * What is not asked of every request is worked out when it is asked.
 */
export class Exchanges {
  readonly #running = new Map<IncomingMessage, Exchange>();
  /** How many run of each principal that was proven. */
  readonly #ofPrincipal = new Map<string, number>();
  /** Answered before their bodies had come: what still comes is thrown away, at a pace that counts all the same. */
  readonly #unread = new Set<Exchange>();
  /** What each connection had read and written when its last exchange ended. */
  readonly #counted = new WeakMap<Socket, { readBytes: number; writtenBytes: number }>();
  readonly #onClose: (this: ServerResponse) => void;

  constructor(onEnd: (exchange: Exchange, moved: MovedBytes) => void) {
    const end = (request: IncomingMessage) => {
      const exchange = this.#running.get(request);
      if (exchange === undefined) return;
      this.#running.delete(request);
      this.#release(exchange);
      if (!request.complete && !request.socket.destroyed) this.#unread.add(exchange);
      onEnd(exchange, this.#moved(request.socket));
    };
    this.#onClose = function onClose() {
      end(this.req);
    };
  }

  begin(exchange: Exchange): void {
    this.#running.set(exchange.request, exchange);
    exchange.response.on('close', this.#onClose);
  }

  running(): Iterable<Exchange> {
    return this.#running.values();
  }

  /** Those whose client is not done: what runs, and bodies that come although they have been answered. */
  *unfinished(): Iterable<Exchange> {
    yield* this.#running.values();
    for (const exchange of this.#unread) {
      const { complete, socket } = exchange.request;
      if (complete || socket.destroyed) this.#unread.delete(exchange);
      else yield exchange;
    }
  }

  /** Called where credentials have been checked. Returns how many exchanges of the principal run, this one among them. */
  readonly notePrincipal = (request: { readonly raw: IncomingMessage }, name: string): number => {
    const exchange = this.#running.get(request.raw);
    const running = this.#ofPrincipal.get(name) ?? 0;
    if (exchange === undefined || exchange.isProven) return running;
    exchange.principal = name;
    exchange.isProven = true;
    this.#ofPrincipal.set(name, running + 1);
    return running + 1;
  };

  #release({ isProven, principal }: Exchange): void {
    if (!isProven) return;
    const left = (this.#ofPrincipal.get(principal) ?? 1) - 1;
    if (left === 0) this.#ofPrincipal.delete(principal);
    else this.#ofPrincipal.set(principal, left);
  }

  #moved(socket: Socket): MovedBytes {
    const { bytesRead, bytesWritten } = socket;
    const counted = this.#counted.get(socket);
    if (counted === undefined) {
      this.#counted.set(socket, { readBytes: bytesRead, writtenBytes: bytesWritten });
      return { receivedBytes: bytesRead, sentBytes: bytesWritten };
    }
    const receivedBytes = bytesRead - counted.readBytes;
    const sentBytes = bytesWritten - counted.writtenBytes;
    counted.readBytes = bytesRead;
    counted.writtenBytes = bytesWritten;
    return { receivedBytes, sentBytes };
  }
}

/** Whether it brings bytes of a blob. */
export function isUpload({ request }: Exchange): boolean {
  const { method } = request;
  return method !== 'GET' && method !== 'HEAD' && routeClassOf(pathOf(request)) === 'upload';
}

/** As the client sent it, without the query, which may hold secrets. */
export function pathOf(request: IncomingMessage): string {
  const { url = '' } = request;
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
