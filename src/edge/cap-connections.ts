import type { Server, Socket } from 'node:net';
import type { MetricSet } from './metric-set.ts';
import type { TrustedPeers } from './trusted-peers.ts';

/** How often the log hears of refused connections, however many there are. */
const tellEveryMs = 10_000;

/**
 * Closes connections of an address beyond as many as it may have open, before a byte of them is read (threats.md E8).
 * Trusted proxies bring many clients and are not counted.
 */
export function capConnections(
  server: Server,
  options: {
    readonly perAddressMax: number;
    readonly peers: TrustedPeers;
    readonly metrics: MetricSet;
    /** Called at most once in ten seconds. */
    readonly onRefused: (address: string) => void;
  },
): void {
  const { perAddressMax, peers, metrics } = options;
  const openOf = new Map<string, number>();
  let total = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  metrics.gauge({ name: 'pratique_connections', help: 'Open connections of clients' }, () => [
    { value: total },
  ]);
  const refused = metrics.counter({
    name: 'pratique_connections_refused_total',
    help: 'Connections closed at once because their address had too many',
  });
  const refuse = (socket: Socket, address: string) => {
    socket.destroy();
    refused.add({});
    const nowMs = performance.now();
    if (nowMs - toldAtMs < tellEveryMs) return;
    toldAtMs = nowMs;
    options.onRefused(address);
  };
  const release = (address: string) => {
    const left = (openOf.get(address) ?? 1) - 1;
    if (left === 0) openOf.delete(address);
    else openOf.set(address, left);
  };
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress;
    // Gone already.
    if (address === undefined) return void socket.destroy();
    const isCounted = !peers.includes(address);
    const open = openOf.get(address) ?? 0;
    if (isCounted && open >= perAddressMax) return refuse(socket, address);
    total += 1;
    if (isCounted) openOf.set(address, open + 1);
    socket.once('close', () => {
      total -= 1;
      if (isCounted) release(address);
    });
  });
}
