import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const niceness = 10;

/**
 * Lets a process go on with what pulls and pushes leave over. Linux may weigh sessions against each other instead of processes
 * (sched(7), "The autogroup feature"): a niceness then counts within a session alone, and each process that PostgreSQL
 * starts leads its own, as a detached one of ours does. False: not all of it could be done, as when others were changed just now.
 */
export function yieldToPulls(pid: number): boolean {
  try {
    setPriority(pid, niceness);
  } catch {
    return false; // another user's, or it has ended
  }
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness), { flag: 'r+' });
    return true;
  } catch (error) {
    // Without the feature there is no such file.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}
