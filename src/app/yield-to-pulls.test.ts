import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { yieldToPulls } from './yield-to-pulls.ts';

/** As long as its input is open. */
function idleProcess() {
  return spawn('cat', [], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
}

it('yieldToPulls() makes a process of a session of its own yield', async () => {
  const child = idleProcess();
  const pid = child.pid ?? 0;
  try {
    // Linux lets whoever is not root do it ten times a second.
    await expect.poll(() => yieldToPulls(pid)).toBe(true);
    expect(getPriority(pid)).toBe(10);
    const group = `/proc/${pid}/autogroup`;
    if (existsSync(group)) expect(readFileSync(group, 'utf8')).toContain('nice 10');
  } finally {
    child.stdin.end();
    await once(child, 'exit');
  }
  expect(yieldToPulls(pid)).toBe(false);
});
