import { Logger } from 'graphile-worker';

/** graphile-worker's own log: only what an operator can act on; job contents never reach it. */
export function queueLogger(onTrouble: (message: string) => void): Logger {
  return new Logger(() => (level, message) => {
    if (level === 'error' || level === 'warning') onTrouble(message);
  });
}
