import { spawn } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FeedOutcome } from '../advisories/feeds/sync-result.ts';
import { type Config, environmentForChild } from './settings/config.ts';
import { advisoryCredentials } from './settings/read-bundle-settings.ts';

/** What the child is told, on its standard input: secrets must not be in its arguments or environment. */
export interface SyncOrder {
  readonly config: Omit<Config, 'databaseUrl' | 'adminPassword' | 'advisoryCredentials'>;
  readonly databaseUrl?: string;
  /** Names of the feeds that are wanted; absent: all. */
  readonly only?: readonly string[];
  readonly advisoryCredentials?: ReturnType<typeof advisoryCredentials>;
}

export interface SyncReport {
  /** Another process synchronises: nothing was done. */
  readonly alreadyRunning: boolean;
  readonly feeds: readonly FeedOutcome[];
  readonly changedAdvisories: number;
}

function compileCache(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

export class SyncProcessError extends Error {
  readonly code = 'sync_process';
}

const program = fileURLToPath(new URL('sync-process.ts', import.meta.url));
const errorLengthMax = 2_000;

/**
 * Brings the advisories up to date in a process of its own: an import takes hundreds of megabytes, which the C library
 * of a long-lived process does not give back. Throws `SyncProcessError`, or the signal's reason when that aborts.
 */
export async function syncInProcess(
  config: Config,
  { signal, only }: { readonly signal: AbortSignal; readonly only?: ReadonlySet<string> },
): Promise<SyncReport> {
  const { databaseUrl, adminPassword: _, advisoryCredentials: __, ...rest } = config;
  const credentials = advisoryCredentials(config);
  const order: SyncOrder = {
    config: rest,
    ...(only === undefined ? {} : { only: [...only] }),
    ...(databaseUrl === undefined ? {} : { databaseUrl: databaseUrl.reveal() }),
    ...(credentials === undefined ? {} : { advisoryCredentials: credentials }),
  };
  signal.throwIfAborted();
  const child = spawn(process.execPath, [program], {
    // It shares the cache of compiled files: without it, to load them takes as long as to follow a small update.
    env: { ...environmentForChild(), ...compileCache() },
    // A Ctrl-C at the terminal reaches it through the abort only, so that it counts as an interruption.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
  });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  try {
    return await new Promise<SyncReport>((resolve, reject) => {
      let report: SyncReport | undefined;
      let errors = '';
      child.stderr?.on('data', (bytes: Buffer) => {
        errors = (errors + bytes.toString()).slice(-errorLengthMax);
      });
      child.on('message', (message) => {
        report = message as SyncReport; // sent by sync-process.ts of the same version
      });
      child.on('error', reject);
      child.on('close', (code, killedBy) => {
        if (signal.aborted) reject(signal.reason);
        else if (code === 0 && report !== undefined) resolve(report);
        else
          reject(
            new SyncProcessError(
              `Cannot update the advisories: their process must end well, got ${killedBy ?? code}: ${errors.trim()}`,
            ),
          );
      });
      // It may end before it has read its order; how it ended says why.
      child.stdin?.on('error', () => {});
      child.stdin?.end(JSON.stringify(order));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
