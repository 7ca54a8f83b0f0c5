import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { systemClock } from '../app/clock.ts';
import type { Config } from '../app/settings/config.ts';
import { StartError } from '../app/start-error.ts';
import type { DoctorFinding } from '../edge/doctor-finding.ts';
import { type CommandContext, exitCodes } from './command-context.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { readPassword } from './read-password.ts';

interface DoctorOptions {
  readonly url?: string;
  readonly user?: string;
  readonly passwordStdin?: true;
  readonly repository?: string;
  readonly ca?: string;
  readonly local: boolean;
  readonly json?: true;
}

/** `pratique doctor`: exit code 0 when nothing failed, 1 when something did, 3 when it could not be asked. */
export function addDoctorCommand(program: Command, context: () => CommandContext): void {
  program
    .command('doctor')
    .description("do a client's handshake and look at the data folder; names the setting that is wrong")
    .option('--url <url>', 'address that clients use; default: PRATIQUE_EXTERNAL_URL')
    .option('--user <name>', 'sign in as this user')
    .option('--password-stdin', 'read the password from standard input')
    .option('--repository <name>', 'push a small blob to this namespace/repository and delete it again')
    .option('--ca <file>', 'PEM file with your own certificate authority')
    .option('--no-local', 'leave out the data folder and the mail server')
    .option('--json', 'print JSON')
    .action((options: DoctorOptions) => examine(context(), options));
}

async function examine(context: CommandContext, options: DoctorOptions): Promise<void> {
  const { loadProcessConfig } = await import('../app/settings/config.ts');
  const config = loadProcessConfig(context.settingsFile);
  const address = options.url ?? config.externalUrl;
  const url = address === undefined ? undefined : readUrl(address);
  if (url === undefined && !options.local)
    throw new StartError('Cannot examine anything: it must be told --url when --no-local is given, got none');
  if ((options.user === undefined) !== (options.passwordStdin === undefined))
    throw new StartError(
      'Cannot sign in: --user and --password-stdin must be given together, got one of them',
    );
  const password = await readPassword(options.passwordStdin === true);
  const login =
    options.user === undefined || password === undefined ? {} : { login: { name: options.user, password } };
  const authorities = options.ca === undefined ? {} : { authorities: [await readFile(options.ca, 'utf8')] };
  const repository = options.repository === undefined ? {} : { repository: options.repository };
  const { examineRegistry } = await import('../edge/examine-registry.ts');
  const outside =
    url === undefined
      ? []
      : await examineRegistry({ url, now: systemClock(), ...login, ...authorities, ...repository });
  const inside = options.local ? await examineHere(config) : [];
  const findings = [...outside, ...inside];
  if (options.json) print(JSON.stringify({ findings }, undefined, 2));
  else printFindings(findings, url);
  if (findings.some(({ result }) => result === 'failed')) context.setExitCode(exitCodes.failed);
}

/** The data folder, and the mail server that notifications go to. */
async function examineHere(config: Config): Promise<readonly DoctorFinding[]> {
  const { examineDataFolder } = await import('../app/administration/examine-data-folder.ts');
  const { examineMailServer } = await import('../app/administration/examine-mail-server.ts');
  return [...(await examineDataFolder(config)), ...(await examineMailServer(config.mailServer))];
}

function printFindings(findings: readonly DoctorFinding[], url: URL | undefined): void {
  if (url === undefined) print('No address to examine: give --url or set PRATIQUE_EXTERNAL_URL');
  const rows = findings.map(({ check, result, message }) => [check, result, message]);
  print(formatTable(['CHECK', 'RESULT', 'MESSAGE'], rows));
  for (const { check, advice } of findings) if (advice !== undefined) print(`→ ${check}: ${advice}`);
}

function readUrl(text: string): URL {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new StartError(`Cannot examine "${text}": it must be an http: or https: URL`);
  return new URL(text);
}
