import { randomFillSync } from 'node:crypto';

/** 72 bits: nobody guesses another's, and 12 characters without padding. */
const idBytes = 9;
const idsPerRefill = 512;

/** Makes ids of requests. Random bytes are drawn for many at once: a call for each costs a tenth of a small request. */
export function requestIds(): () => string {
  const pool = Buffer.alloc(idBytes * idsPerRefill);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += idBytes;
    return pool.toString('base64url', at - idBytes, at);
  };
}
