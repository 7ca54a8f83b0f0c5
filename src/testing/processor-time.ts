/**
 * Milliseconds of processor time that this thread has used. What other processes and tests do adds nothing to a
 * difference, however busy the machine is; work that was given to other threads is not in it either.
 */
export function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
