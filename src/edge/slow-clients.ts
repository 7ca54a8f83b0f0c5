import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a client has to keep up (threats.md E8). */
export interface PaceLimits {
  /** Bodies are given this long before their rate counts, and it is the span that the rate is measured over. */
  readonly spanMs: number;
  readonly uploadBytesPerSecondMin: number;
  /** How often the rates are looked at. */
  readonly checkMs: number;
}

export const defaultPaceLimits: PaceLimits = {
  spanMs: 60_000,
  uploadBytesPerSecondMin: 1024,
  checkMs: 5_000,
};

interface Watched {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly onCut: (reason: 'slow-upload' | 'stalled-download') => void;
  /** Bytes received and sent over the connection at each check of the last span. */
  readonly received: number[];
  readonly sent: number[];
}

/**
 * Cuts the connections of clients that send a body slower than the limit, or take nothing of an answer for a whole span.
 * While bytes wait for us, or nothing waits to be sent, the slowness is ours and nobody is cut.
 */
export class SlowClients {
  readonly #watched = new Set<Watched>();
  readonly #limits: PaceLimits;
  readonly #timer: NodeJS.Timeout;

  constructor(limits: PaceLimits = defaultPaceLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#check(), limits.checkMs).unref();
  }

  watch(request: IncomingMessage, response: ServerResponse, onCut: Watched['onCut']): void {
    const watched: Watched = { request, response, onCut, received: [], sent: [] };
    this.#watched.add(watched);
    response.once('close', () => this.#watched.delete(watched));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const samplesMax = Math.ceil(this.#limits.spanMs / this.#limits.checkMs) + 1;
    const bytesMin = (this.#limits.uploadBytesPerSecondMin * this.#limits.spanMs) / 1000;
    for (const watched of this.#watched) {
      const { request, response } = watched;
      const { socket } = request;
      const isSending = !request.complete && request.readableLength === 0;
      const isTaking = response.writableLength > 0 || socket.writableLength > 0;
      const sentBytes = difference(watched.received, isSending, { now: socket.bytesRead, samplesMax });
      const takenBytes = difference(watched.sent, isTaking, {
        now: socket.bytesWritten - socket.writableLength,
        samplesMax,
      });
      if (sentBytes !== undefined && sentBytes < bytesMin) cut(watched, 'slow-upload');
      else if (takenBytes === 0) cut(watched, 'stalled-download');
    }
  }
}

/** The growth over the whole span; undefined before a span has passed in which the client was the one to act. */
function difference(
  samples: number[],
  isClientsTurn: boolean,
  options: { readonly now: number; readonly samplesMax: number },
): number | undefined {
  if (!isClientsTurn) {
    samples.length = 0;
    return undefined;
  }
  samples.push(options.now);
  if (samples.length < options.samplesMax) return undefined;
  return options.now - (samples.shift() ?? 0);
}

function cut({ request, onCut }: Watched, reason: 'slow-upload' | 'stalled-download'): void {
  onCut(reason);
  request.socket.destroy();
}
