import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Linux gives connections that programs open ports from 32,768 on: none of them takes one of these meanwhile. */
const lowest = 10_000;
const highest = 32_000;

/** A TCP port of 127.0.0.1 on which nobody listens, to be listened on soon. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    const server = createServer();
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue; // what Node's servers emit
      throw error;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
