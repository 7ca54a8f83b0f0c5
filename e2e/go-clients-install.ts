import { type GoProgramName, goPrograms, installGoProgram } from './go-clients.ts';

/** `npm run clients`: builds the clients that are written in Go, where they are not there yet. Exit code 1 when one fails. */
async function main(): Promise<number> {
  let missing = 0;
  for (const name of Object.keys(goPrograms) as GoProgramName[]) {
    const startedAtMs = performance.now();
    const path = await installGoProgram(name);
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    if (path === undefined) missing += 1;
    console.log(`${name} ${goPrograms[name].version}: ${path ?? 'missing'} (${seconds} s)`);
  }
  return missing === 0 ? 0 : 1;
}

process.exitCode = await main();
