import { Command, CommanderError } from 'commander';
import { addAdvisoryCommands } from './advisory-commands.ts';
import { type CommandContext, exitCodes } from './command-context.ts';
import { addCompareCommand } from './compare-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { addEventCommands } from './event-commands.ts';
import { addJavaArchiveCommands } from './java-archive-commands.ts';
import { addNamespaceCommands } from './namespace-commands.ts';
import { addRobotCommands } from './robot-commands.ts';
import { addSbomCommand } from './sbom-command.ts';
import { addScanCommand } from './scan-command.ts';
import { addSearchCommand } from './search-command.ts';
import { addServeCommand } from './serve-command.ts';
import { addUpkeepCommands } from './upkeep-commands.ts';
import { addUserCommands } from './user-commands.ts';

/**
 * Runs one command line and resolves with the exit code. Errors are one line on standard error. Each family declares its
 * commands, options and help; what a command runs by is imported when it runs, so that none waits for what others need.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = new Command('pratique')
    .description(
      'A registry that inspects what it holds and refuses to hand out what your policy calls unsafe',
    )
    .option('--config <file>', 'settings file (YAML)')
    .option('--debug', 'print stack traces')
    .exitOverride()
    .showHelpAfterError('(add --help for the usage)');
  const context = (): CommandContext => ({
    settingsFile: program.opts<{ config?: string }>().config,
    setExitCode: (code) => {
      exitCode = code;
    },
  });
  addServeCommand(program, context);
  addScanCommand(program, context);
  addSbomCommand(program, context);
  addSearchCommand(program, context);
  addCompareCommand(program, context);
  addAdvisoryCommands(program, context);
  addJavaArchiveCommands(program);
  addDoctorCommand(program, context);
  addUpkeepCommands(program, context);
  const admin = program
    .command('admin')
    .description('users, namespaces, robots and events of the data folder');
  addUserCommands(admin, context);
  addNamespaceCommands(admin, context);
  addRobotCommands(admin, context);
  addEventCommands(admin, context);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.environment;
    const isDebug = program.opts<{ debug?: boolean }>().debug === true;
    process.stderr.write(`${isDebug ? stackOf(error) : messageOf(error)}\n`);
    return exitCodes.environment;
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error && error.message !== '' ? error.message : String(error);
  return message.split('\n').join(' ');
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
