import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addNamespace } from '../src/app/administration/administer-namespaces.ts';
import { openInstallation } from '../src/app/installation.ts';
import { loadConfig } from '../src/app/settings/config.ts';
import { RegistryClient } from '../src/testing/registry-client.ts';
import { digestOf } from './kill-harness.ts';
import { adminAuthorization, type ServerProcess, startServerProcess, waitUntil } from './server-process.ts';

const hasStrace = (() => {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const silent = 'file:/nonexistent';

let server: ServerProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pratique-order-'));
  server = await startServerProcess({
    environment: {
      PRATIQUE_ADVISORIES: silent,
      PRATIQUE_KEV: silent,
      PRATIQUE_EPSS: silent,
      PRATIQUE_LOG_LEVEL: 'error',
    },
  });
  const config = loadConfig({ environment: { PRATIQUE_DATA: server.dataFolder }, folder: '/' });
  const installation = await openInstallation(config, { role: 'guest' });
  try {
    await addNamespace(installation.connection, 'team', {});
    const { rows } = await installation.connection.pool.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings
       where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums') order by 1`,
    );
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      data_checksums: 'on',
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
    });
  } finally {
    await installation.close();
  }
});
afterAll(async () => {
  await server.stop();
  server.clean();
  rmSync(folder, { recursive: true, force: true });
});

/** Of a trace, the calls that make bytes durable or tell of them, in the order in which they ended or were sent. */
function eventsOf(trace: string, hex: string): readonly string[] {
  const events: string[] = [];
  const pending = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const [, pid = '', text = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const isUnfinished = text.includes('<unfinished ...>');
    const isResumed = /^<\.\.\. \w+ resumed>/.test(text);
    const whole = isResumed ? `${pending.get(pid) ?? ''}${text}` : text;
    // A write is sent when it begins; a sync or a rename counts when it has returned.
    const isWrite = /^(write|writev|sendto|sendmsg)\(/.test(text);
    if (isUnfinished) pending.set(pid, text);
    if (isUnfinished && !isWrite) continue;
    if (!isUnfinished && isResumed && /^(write|writev|sendto|sendmsg)\(/.test(whole)) continue;
    if (/^f(data)?sync\(\d+<[^>]*\/uploads\/[0-9a-f-]{36}>/.test(whole)) events.push('sync of the file');
    else if (whole.startsWith('rename') && whole.includes(hex)) events.push('rename');
    else if (new RegExp(`^fsync\\(\\d+<[^>]*/blobs/sha256/${hex.slice(0, 2)}>`).test(whole)) {
      events.push('sync of the folder');
    } else if (isWrite && /commit/i.test(whole)) events.push('COMMIT');
    else if (isWrite && whole.includes('HTTP/1.1 201')) events.push('201');
  }
  return events;
}

// CI installs strace; it needs the right to trace, which containers may not give.
it.skipIf(!hasStrace && process.env['CI'] === undefined)(
  'a push syncs its file, renames it, syncs the folder, commits and then answers 201 (threats.md F5)',
  async () => {
    const client = new RegistryClient(server.url, {
      authorization: adminAuthorization,
    });
    expect((await client.pushBlob('team/app', Buffer.from('first'))).status).toBe(201);
    const bytes = Buffer.from('the order of this push is looked at');
    const output = join(folder, 'trace');
    const calls = 'fsync,fdatasync,rename,renameat,renameat2,write,writev,sendto,sendmsg';
    const tracer = spawn(
      'strace',
      ['-f', '-y', '-s', '200', '-e', `trace=${calls}`, '-o', output, '-p', String(server.child.pid)],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    tracer.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await waitUntil('strace is attached', async () => said.includes('attached'));
    expect((await client.pushBlob('team/app', bytes)).status).toBe(201);
    const ended = once(tracer, 'exit');
    tracer.kill('SIGINT');
    await ended;
    const trace = readFileSync(output, 'utf8');
    const events = eventsOf(trace, digestOf(bytes).slice(7));
    const renameAt = events.indexOf('rename');
    expect(events.slice(0, renameAt)).toContain('sync of the file');
    const syncAt = events.indexOf('sync of the folder', renameAt);
    expect(syncAt).toBeGreaterThan(renameAt);
    // Jobs of the server's own commit, too, at any moment.
    const commitAt = events.indexOf('COMMIT', syncAt);
    expect(commitAt).toBeGreaterThan(syncAt);
    expect(events.indexOf('201', renameAt)).toBeGreaterThan(commitAt);
  },
);
