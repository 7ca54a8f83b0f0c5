import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it } from 'vitest';
import { alpineRecord, alpineRecords } from '../testing/samples/osv-fixtures.ts';
import { useSyncHarness } from '../testing/sync-harness.ts';

const harness = useSyncHarness();

/** Synchronises in a process of its own, which announces the phase and then stands still in it. */
const script = `
  const [folder, config, root, phase] = process.argv.slice(1);
  const { connectDatabase } = await import(folder + 'database/connect.ts');
  const { syncAdvisories } = await import(folder + 'advisories/feeds/sync-advisories.ts');
  await syncAdvisories({
    connection: connectDatabase(JSON.parse(config)),
    sources: { roots: [root] },
    now: () => new Date(),
    full: true,
    onProgress: (progress) => {
      if (progress.feed !== 'Alpine' || progress.phase !== phase) return;
      process.stdout.write('standing');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
  });`;

const dyingScript = `
  const [folder, config, root, nth] = process.argv.slice(1);
  const { default: pg } = await import('pg');
  const { connectDatabase } = await import(folder + 'database/connect.ts');
  const { syncAdvisories } = await import(folder + 'advisories/feeds/sync-advisories.ts');
  const { query } = pg.Client.prototype;
  let queries = 0;
  pg.Client.prototype.query = function (...given) {
    queries += 1;
    if (queries === Number(nth) * 3) process.kill(process.pid, 'SIGKILL');
    return query.apply(this, given);
  };
  await syncAdvisories({
    connection: connectDatabase(JSON.parse(config)),
    sources: { roots: [root] },
    now: () => new Date(),
    full: true,
  });
  process.exit(0);`;

async function startAndStandAt(phase: string): Promise<ChildProcess> {
  const config = { ...inject('testDatabase'), database: harness.database.config.database };
  const folder = new URL('..', import.meta.url).href;
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, folder, JSON.stringify(config), harness.root, phase],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (child.stdout === null) throw new Error('its output must be a pipe');
  await once(child.stdout, 'data');
  return child;
}

/** Synchronises in a process of its own, which kills itself at its nth message to PostgreSQL, if there are as many. */
async function startAndDieAt(nth: number): Promise<ChildProcess> {
  const config = { ...inject('testDatabase'), database: harness.database.config.database };
  const folder = new URL('..', import.meta.url).href;
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', dyingScript, folder, JSON.stringify(config), harness.root, String(nth)],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await once(child, 'exit');
  return child;
}

describe('syncAdvisories() killed with kill -9 (threats.md F24)', () => {
  it.each(['download', 'apply'])(
    'leaves the last good version and no lock when it dies in phase %s',
    async (phase) => {
      await harness.acknowledged(await harness.sync());
      const records = [
        alpineRecord({ number: 5000, modified: '2024-06-01T00:00:00Z' }),
        ...alpineRecords(38),
      ];
      harness.mirror.setFolder('Alpine', records);

      const child = await startAndStandAt(phase);
      child.kill('SIGKILL');
      await once(child, 'exit');

      expect(await harness.feedOf('Alpine')).toMatchObject({ recordCount: 40, version: 1 });
      expect(await harness.idsFor('package-5000', 'package-1039')).toEqual(['ALPINE-CVE-2024-1039']);

      await expect.poll(async () => (await harness.sync()).alreadyRunning).toBe(false);
      expect(await harness.feedOf('Alpine')).toMatchObject({ recordCount: 39, version: 2 });
      expect(await harness.idsFor('package-5000', 'package-1039')).toEqual(['ALPINE-CVE-2024-5000']);
    },
  );

  it('leaves the one version or the other, whole, wherever 18 kills find it', {
    timeout: 180_000,
  }, async () => {
    const folders = [38, 44].map((count) => [
      alpineRecord({ number: 5000 + count, modified: `2024-06-0${count - 37}T00:00:00Z` }),
      ...alpineRecords(count),
    ]);
    const [first = [], second = []] = folders;
    harness.mirror.setFolder('Alpine', first);
    await harness.acknowledged(await harness.sync());
    const wholes = [
      { recordCount: first.length, ids: ['ALPINE-CVE-2024-5038'] },
      { recordCount: second.length, ids: ['ALPINE-CVE-2024-5044'] },
    ];
    const held = async () => ({
      recordCount: (await harness.feedOf('Alpine'))?.recordCount,
      ids: await harness.idsFor('package-5038', 'package-5044'),
    });
    let interrupted = 0;
    for (let kill = 1; kill <= 18; kill += 1) {
      const before = await held();
      const isFirst = before.recordCount === first.length;
      harness.mirror.setFolder('Alpine', isFirst ? second : first);
      const child = await startAndDieAt(kill);
      if (child.signalCode === 'SIGKILL') interrupted += 1;
      const after = await held();
      expect(wholes).toContainEqual(after);
      await expect.poll(async () => (await harness.sync({}, { full: true })).alreadyRunning).toBe(false);
      expect(await held()).toEqual(wholes[isFirst ? 1 : 0]);
    }
    expect(interrupted).toBeGreaterThan(9);
  });
});
