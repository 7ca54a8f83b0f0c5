import { statfs } from 'node:fs/promises';
import { sql } from 'kysely';
import { feedReadiness, isFeedStale, readFeedStatus, updateCommand } from '../../advisories/feed-status.ts';
import { type DoctorFinding, failed, ok, warning } from '../../edge/doctor-finding.ts';
import { systemClock } from '../clock.ts';
import { feedAgeMaxDays } from '../feed-age.ts';
import { openInstallation } from '../installation.ts';
import type { Config } from '../settings/config.ts';
import { advisoryOriginOf } from '../settings/read-bundle-settings.ts';

const freeBytesMin = 2 * 1024 ** 3;
const skewMsMax = 10_000;

/** Disk space, database, clocks and feeds of the data folder. */
export async function examineDataFolder(config: Config): Promise<readonly DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  let installation: Awaited<ReturnType<typeof openInstallation>>;
  try {
    installation = await openInstallation(config, { role: 'guest' });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [failed('database', message, 'check DATABASE_URL, or PRATIQUE_DATA and who may read it')];
  }
  try {
    const { db } = installation.connection;
    const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
    findings.push(ok('database', config.databaseUrl === undefined ? 'embedded, it answers' : 'it answers'));
    const skewMs = Math.abs((rows[0]?.now.getTime() ?? 0) - systemClock().getTime());
    findings.push(
      skewMs <= skewMsMax
        ? ok('database clock', 'it agrees with this machine')
        : warning(
            'database clock',
            `${Math.round(skewMs / 1000)} s apart from this machine`,
            'run a time service (NTP) on both',
          ),
    );
    for (const folder of new Set([config.dataFolder, config.blobsFolder])) {
      findings.push(await examineSpace(folder));
    }
    const feeds = await readFeedStatus(db);
    const origin = advisoryOriginOf(config);
    const { ready, message } = feedReadiness(feeds, origin);
    const limit = { now: systemClock(), feedAgeMaxDays };
    const stale = feeds.filter((feed) => isFeedStale(feed, limit)).map(({ name }) => name);
    if (!ready)
      findings.push(
        warning(
          'advisories',
          message,
          origin === 'mirrors'
            ? `run ${updateCommand(origin)}, or set PRATIQUE_ADVISORIES to a mirror that this machine reaches`
            : `run ${updateCommand(origin)}`,
        ),
      );
    else if (stale.length > 0)
      findings.push(
        warning(
          'advisories',
          `too old to rely on: ${stale.slice(0, 10).join(', ')}`,
          `run ${updateCommand(origin)} and see its notes`,
        ),
      );
    else findings.push(ok('advisories', message));
  } finally {
    await installation.close();
  }
  return findings;
}

async function examineSpace(folder: string): Promise<DoctorFinding> {
  try {
    const { bavail, bsize } = await statfs(folder);
    const freeBytes = bavail * bsize;
    const text = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free in ${folder}`;
    return freeBytes >= freeBytesMin
      ? ok('disk', text)
      : warning('disk', text, 'free space, or move PRATIQUE_BLOBS to a larger disk');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return failed('disk', message, 'correct PRATIQUE_DATA or PRATIQUE_BLOBS');
  }
}
