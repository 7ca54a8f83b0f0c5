import { Logger } from 'graphile-worker';

/**
 * graphile-worker's own log: only what an operator can act on; job contents never reach it. Failed jobs are left out,
 * because `GraphileQueue` tells of them in one line.
 */
export function queueLogger(onTrouble: (message: string) => void): Logger {
  return new Logger(() => (level, message, meta) => {
    if (meta?.['failure'] === true) return;
    if (level === 'error' || level === 'warning') onTrouble(message);
  });
}
