import type { Exchange, Exchanges } from './exchanges.ts';

/** What a client has to keep up (threats.md E8). */
export interface PaceLimits {
  /** Bodies are given this long before their rate counts, and it is the span that the rate is measured over. */
  readonly spanMs: number;
  readonly uploadBytesPerSecondMin: number;
  /** How often the rates are looked at. */
  readonly checkMs: number;
}

export type CutReason = 'slow-upload' | 'stalled-download';

/** Bytes received and sent over the connection at each check of the last span. */
interface Pace {
  readonly received: number[];
  readonly sent: number[];
}

/**
 * Cuts the connections of clients that send a body slower than the limit, or take nothing of an answer for a whole span.
 * While bytes wait for us, or nothing waits to be sent, the slowness is ours and nobody is cut. An exchange that ends
 * between two checks costs nothing.
 */
export class SlowClients {
  readonly #limits: PaceLimits;
  readonly #exchanges: Pick<Exchanges, 'unfinished'>;
  readonly #onCut: (exchange: Exchange, reason: CutReason) => void;
  readonly #timer: NodeJS.Timeout;
  #paces = new Map<Exchange, Pace>();

  constructor(options: {
    readonly limits: PaceLimits;
    readonly exchanges: Pick<Exchanges, 'unfinished'>;
    readonly onCut: (exchange: Exchange, reason: CutReason) => void;
  }) {
    this.#limits = options.limits;
    this.#exchanges = options.exchanges;
    this.#onCut = options.onCut;
    this.#timer = setInterval(() => this.#check(), options.limits.checkMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const paces = new Map<Exchange, Pace>();
    for (const exchange of this.#exchanges.unfinished()) {
      const pace = this.#paces.get(exchange) ?? { received: [], sent: [] };
      paces.set(exchange, pace);
      const reason = this.#reasonToCut(exchange, pace);
      if (reason === undefined) continue;
      this.#onCut(exchange, reason);
      exchange.request.socket.destroy();
    }
    this.#paces = paces;
  }

  #reasonToCut({ request, response }: Exchange, pace: Pace): CutReason | undefined {
    const samplesMax = Math.ceil(this.#limits.spanMs / this.#limits.checkMs) + 1;
    const bytesMin = (this.#limits.uploadBytesPerSecondMin * this.#limits.spanMs) / 1000;
    const { socket } = request;
    const isSending = !request.complete && request.readableLength === 0;
    const isTaking = response.writableLength > 0 || socket.writableLength > 0;
    const sentBytes = difference(pace.received, isSending, { now: socket.bytesRead, samplesMax });
    const takenBytes = difference(pace.sent, isTaking, {
      now: socket.bytesWritten - socket.writableLength,
      samplesMax,
    });
    if (sentBytes !== undefined && sentBytes < bytesMin) return 'slow-upload';
    return takenBytes === 0 ? 'stalled-download' : undefined;
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
