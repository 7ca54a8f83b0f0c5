import { ApiClient } from '../api-client.ts';
import { adminPassword, startServerProcess } from '../server-process.ts';
import { isConformant } from './read-results.ts';
import { runSuite } from './run-suite.ts';

const namespace = 'conformance';

/**
 * `npm run conformance -- <program>`: runs the built OCI conformance suite against a fresh server and prints its tables,
 * what did not pass and the counts. Exit code 1 when anything failed, was skipped or was switched off; 3 without a program.
 */
async function main(program: string | undefined): Promise<number> {
  if (program === undefined || program === '') {
    console.error(
      'Cannot run the conformance suite: its built program must be named, ' +
        'as an argument or in OCI_CONFORMANCE (see CONTRIBUTING.md)',
    );
    return 3;
  }
  // No feed is needed here.
  const environment = { PRATIQUE_ADVISORIES: 'file:/nonexistent' };
  const server = await startServerProcess({ environment });
  try {
    await new ApiClient(server.url).call('POST', '/namespaces', { name: namespace });
    const run = await runSuite(program, {
      host: server.host,
      name: 'admin',
      password: adminPassword,
      namespace,
    });
    console.log(run.output.slice(run.output.indexOf('OCI Conformance Result')));
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

process.exitCode = await main(process.argv[2] ?? process.env['OCI_CONFORMANCE']);
