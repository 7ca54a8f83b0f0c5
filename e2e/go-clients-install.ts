import {
  conformanceSuite,
  type GoProgramName,
  goPrograms,
  installConformanceSuite,
  installGoProgram,
} from './go-clients.ts';

/**
 * `npm run clients`: builds the clients that are written in Go, and the OCI conformance suite, where they are not there yet.
 * Exit code 1 when a client fails; the suite may be refused, and our own cases stand in its place.
 */
async function main(): Promise<number> {
  let missing = 0;
  for (const name of Object.keys(goPrograms) as GoProgramName[]) {
    const startedAtMs = performance.now();
    const path = await installGoProgram(name);
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    if (path === undefined) missing += 1;
    console.log(`${name} ${goPrograms[name].version}: ${path ?? 'missing'} (${seconds} s)`);
  }
  console.log(await conformanceLine());
  return missing === 0 ? 0 : 1;
}

async function conformanceLine(): Promise<string> {
  const named = process.env['OCI_CONFORMANCE'];
  if (named !== undefined && named !== '') return `conformance: ${named} (OCI_CONFORMANCE)`;
  const suite = await installConformanceSuite();
  const title = `conformance ${conformanceSuite.version}`;
  switch (suite.kind) {
    case 'there':
      return `${title}: ${suite.path}`;
    case 'no-go':
      return `${title}: missing, there is no Go; our own 203 cases run in its place`;
    case 'failed': {
      const reason =
        suite.printed.split('\n').find((line) => /\b(403|404|410)\b/.test(line)) ?? suite.printed;
      return `${title}: the Go proxy does not give it, our own 203 cases run in its place (${reason.trim()})`;
    }
  }
}

process.exitCode = await main();
