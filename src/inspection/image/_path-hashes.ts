import { hash } from 'node:crypto';

const digits = 16;

/**
 * 64 bits of SHA-256 in hex. Not a faster hash: whoever builds a layer must not be able to make a path that collides with
 * a package database's, which would then look replaced.
 */
export function hashPath(path: string): string {
  return hash('sha256', path, 'hex').slice(0, digits);
}

/** Joins hashes, sorted, into the form that `hasPathHash()` searches. */
export function joinPathHashes(hashes: string[]): string {
  return hashes.sort().join('');
}

export function hasPathHash(joined: string, wanted: string): boolean {
  let low = 0;
  let high = joined.length / digits;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = joined.slice(middle * digits, middle * digits + digits);
    if (found === wanted) return true;
    if (found < wanted) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** Whether the two joined lists share a hash. */
export function sharePathHash(left: string, right: string): boolean {
  let leftAt = 0;
  let rightAt = 0;
  while (leftAt < left.length && rightAt < right.length) {
    const leftHash = left.slice(leftAt, leftAt + digits);
    const rightHash = right.slice(rightAt, rightAt + digits);
    if (leftHash === rightHash) return true;
    if (leftHash < rightHash) leftAt += digits;
    else rightAt += digits;
  }
  return false;
}
