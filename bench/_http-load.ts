import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** What the worker is told. */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What it tells back. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** Answers other than 200. */
  readonly failures: number;
}

const headEnd = Buffer.from('\r\n\r\n');

/**
 * Keeps one request in flight on each connection and counts answers. Written on bare sockets, so that the client takes
 * as little as possible of the two cores that it shares with the server.
 */
async function load(order: LoadOrder): Promise<LoadResult> {
  const authorization = order.authorization === undefined ? '' : `authorization: ${order.authorization}\r\n`;
  const accept = 'accept: application/vnd.oci.image.manifest.v1+json, */*\r\n';
  const request = Buffer.from(
    `GET ${order.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${accept}${authorization}\r\n`,
  );
  const state = { isMeasuring: false, answers: 0, failures: 0, timesMs: [] as number[] };
  const sockets: Socket[] = [];
  for (let index = 0; index < order.connections; index += 1) {
    sockets.push(keepAsking({ port: order.port, request, state }));
  }
  await sleep(order.warmUpMs);
  state.isMeasuring = true;
  const start = performance.now();
  await sleep(order.measureMs);
  state.isMeasuring = false;
  const seconds = (performance.now() - start) / 1_000;
  for (const socket of sockets) socket.destroy();
  const sorted = state.timesMs.sort((a, b) => a - b);
  return {
    requestsPerSecond: state.answers / seconds,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    failures: state.failures,
  };
}

function keepAsking(options: {
  readonly port: number;
  readonly request: Buffer;
  readonly state: { isMeasuring: boolean; answers: number; failures: number; timesMs: number[] };
}): Socket {
  const { request, state } = options;
  const socket = connect(options.port, '127.0.0.1');
  socket.setNoDelay(true);
  let askedAtMs = 0;
  let leftBytes = -1;
  let head = Buffer.alloc(0);
  const ask = () => {
    askedAtMs = performance.now();
    leftBytes = -1;
    head = Buffer.alloc(0);
    socket.write(request);
  };
  socket.on('connect', ask);
  socket.on('error', () => {
    state.failures += 1;
  });
  socket.on('data', (bytes) => {
    if (leftBytes < 0) {
      head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
      const end = head.indexOf(headEnd);
      if (end < 0) return;
      const text = head.toString('latin1', 0, end);
      if (!text.startsWith('HTTP/1.1 200')) state.failures += 1;
      const lengthBytes = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? '0');
      leftBytes = lengthBytes - (head.length - end - headEnd.length);
    } else {
      leftBytes -= bytes.length;
    }
    if (leftBytes > 0) return;
    if (state.isMeasuring) {
      state.answers += 1;
      state.timesMs.push(performance.now() - askedAtMs);
    }
    ask();
  });
  return socket;
}

function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

const result = await load(workerData as LoadOrder); // given by run() of the bench
parentPort?.postMessage(result);
