import { readFileSync } from 'node:fs';

/** What a process takes, as the system tells it. */
export interface ProcessUsage {
  /** Of all its threads since it began. */
  readonly processorMs: number;
  readonly residentBytes: number;
}

/** proc_pid_stat(5) counts in these, whatever the machine. */
const ticksPerSecond = 100;

/** Undefined where the system does not tell (no Linux), and for a process that is gone. */
export function usageOf(pid: number): ProcessUsage | undefined {
  let stat: string;
  let status: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is a name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const resident = /^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1];
  // A process that has ended and is not yet waited for has no memory.
  if (resident === undefined || !Number.isFinite(ticks)) return undefined;
  return { processorMs: (ticks * 1000) / ticksPerSecond, residentBytes: Number(resident) * 1024 };
}
