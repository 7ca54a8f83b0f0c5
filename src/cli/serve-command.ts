import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';

/** What a load balancer is given to see `/readyz` fail before connections are refused. */
const drainMs = 1_000;
const stopMsMax = 29_000;
/** `npm start` passes on the Ctrl-C that the terminal has sent to all of us already: that is one signal, not two. */
const sameSignalMsMax = 500;

/** `pratique serve`: runs until SIGTERM, SIGINT or SIGHUP; a second signal, half a second later, ends it at once. */
export function addServeCommand(program: Command, context: () => CommandContext): void {
  program
    .command('serve')
    .description('serve registry, API and console')
    .action(async () => {
      const { loadProcessConfig } = await import('../app/settings/config.ts');
      const { startServer } = await import('../app/server.ts');
      // Heard from now on: a start that is interrupted would leave PostgreSQL behind.
      const signalled = firstSignal();
      const server = await startServer(loadProcessConfig(context().settingsFile));
      const out = (text: string) => process.stdout.write(`${text}\n`);
      out(`Pratique is ready on ${server.url}`);
      if (server.firstPassword !== undefined) {
        const { password, file } = server.firstPassword;
        out(`First start: sign in as "admin" with the password ${password} (kept in ${file})`);
      }
      const signal = await signalled;
      // Whoever stops it at a terminal does not wait for a load balancer.
      setTimeout(giveUp, stopMsMax).unref();
      await server.stop({ drainMs: signal === 'SIGTERM' ? drainMs : 0 });
    });
}

/** What is left then is found by the next start: uploads, jobs and PostgreSQL survive a killed server. */
function giveUp(): never {
  process.stderr.write(`Cannot stop in order: it must take at most ${stopMsMax} ms\n`);
  process.exit(1);
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const receive = (signal: NodeJS.Signals) => {
      const nowMs = performance.now();
      firstAtMs ??= nowMs;
      if (nowMs - firstAtMs > sameSignalMsMax) process.exit(128);
      resolve(signal);
    };
    process.on('SIGTERM', receive);
    process.on('SIGINT', receive);
    process.on('SIGHUP', receive);
  });
}
