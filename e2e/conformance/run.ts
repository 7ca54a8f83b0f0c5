import { parseArgs } from 'node:util';
import { ApiClient } from '../api-client.ts';
import { builtConformanceSuite } from '../go-clients.ts';
import { adminPassword, startServerProcess } from '../server-process.ts';
import { isConformant } from './read-results.ts';
import { runSuite, runSuite11 } from './run-suite.ts';

const namespace = 'conformance';

/**
 * `npm run conformance -- [--suite 1.1] <program>`: runs the built OCI conformance suite, or the one of v1.1, against a fresh
 * server and prints its tables, what did not pass and the counts. Exit code 1 when anything failed, was skipped or was switched off; 3 without a program.
 */
async function main(): Promise<number> {
  const options = { suite: { type: 'string', default: 'current' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const is11 = values.suite === '1.1';
  const named = positionals[0] ?? process.env[is11 ? 'OCI_CONFORMANCE_1_1' : 'OCI_CONFORMANCE'];
  const program = named || (is11 ? undefined : builtConformanceSuite());
  if (program === undefined) {
    console.error(
      'Cannot run the conformance suite: its built program must be named, ' +
        'as an argument or in OCI_CONFORMANCE (for v1.1 OCI_CONFORMANCE_1_1; see CONTRIBUTING.md), ' +
        'or "npm run clients" must have got it',
    );
    return 3;
  }
  // No feed is needed here.
  const environment = { PRATIQUE_ADVISORIES: 'file:/nonexistent' };
  const server = await startServerProcess({ environment });
  try {
    await new ApiClient(server.url).call('POST', '/namespaces', { name: namespace });
    const run = await (is11 ? runSuite11 : runSuite)(program, {
      host: server.host,
      name: 'admin',
      password: adminPassword,
      namespace,
    });
    if (!is11) console.log(run.output.slice(run.output.indexOf('OCI Conformance Result')));
    for (const { name, status, reason } of run.problems) console.log(`${status}: ${name}: ${reason}`);
    const { passed, skipped, failure, error } = run.counts;
    console.log(`switched off: ${run.switchesOff.join(', ') || 'nothing'}`);
    console.log(`${passed} passed, ${failure + error} failed, ${skipped} skipped`);
    return isConformant(run) ? 0 : 1;
  } finally {
    await server.stop();
    server.clean();
  }
}

process.exitCode = await main();
