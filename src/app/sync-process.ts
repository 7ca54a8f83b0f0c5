import { json } from 'node:stream/consumers';
import { bringAdvisories } from './administration/bring-advisories.ts';
import { type Installation, openInstallation } from './installation.ts';
import type { Config } from './settings/config.ts';
import { Secret } from './settings/secret.ts';
import type { SyncOrder, SyncReport } from './sync-in-process.ts';
import { yieldToPulls } from './yield-to-pulls.ts';

// The program of `syncInProcess()`: reads a `SyncOrder` from standard input, and sends a `SyncReport` to its parent.

/** How long the step that runs may take after the stop; what it has not committed is done again by the next synchronisation. */
const stopMs = 5_000;

async function main(): Promise<void> {
  yieldToPulls(process.pid);
  // Written by `syncInProcess()` of the same version.
  const { config, databaseUrl, advisoryCredentials, only } = (await json(process.stdin)) as SyncOrder;
  const whole: Config = {
    ...config,
    ...(databaseUrl === undefined ? {} : { databaseUrl: new Secret(databaseUrl) }),
    ...(advisoryCredentials === undefined
      ? {}
      : {
          advisoryCredentials: {
            user: advisoryCredentials.user,
            password: new Secret(advisoryCredentials.password),
          },
        }),
  };
  const abort = new AbortController();
  const stop = () => {
    abort.abort();
    // A statement may take minutes: PostgreSQL ends it when it finds that nobody waits for it any more.
    setTimeout(() => process.exit(1), stopMs).unref();
  };
  process.once('SIGTERM', stop);
  // The parent was killed.
  process.once('disconnect', stop);
  const installation = await openInstallation(whole, { role: 'guest' });
  if (databaseUrl === undefined) letDatabaseYield(installation);
  try {
    const result = await bringAdvisories(installation, {
      signal: abort.signal,
      ...(only === undefined ? {} : { only: new Set(only) }),
    });
    const report: SyncReport = {
      alreadyRunning: result.alreadyRunning,
      feeds: result.feeds,
      changedAdvisories: result.changedAdvisoryIds.length,
    };
    process.send?.(report);
  } finally {
    await installation.close();
  }
}

/** What the embedded PostgreSQL does for this process yields as it does itself. */
function letDatabaseYield({ connection: { pool } }: Installation): void {
  const yielding = new Set<number>();
  pool.on('acquire', (client) => {
    const { processID } = client as { readonly processID?: number | null }; // `pg` sets it, and does not say so
    if (typeof processID === 'number' && !yielding.has(processID) && yieldToPulls(processID))
      yielding.add(processID);
  });
}

await main();
process.disconnect?.();
