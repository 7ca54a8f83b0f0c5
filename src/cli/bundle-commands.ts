import type { Command } from 'commander';
import { AdministrationError } from '../app/administration/administration-error.ts';
import type { BundlePlace, copyBundle } from '../app/administration/advisory-bundles.ts';
import { commandLineActor } from '../app/administration/command-line-actor.ts';
import type { Config } from '../app/settings/config.ts';
import { type CommandContext, exitCodes } from './command-context.ts';
import { formatBytes } from './output/format-bytes.ts';
import { print } from './output/print.ts';
import { printFeeds } from './output/print-feeds.ts';
import { ProgressLine } from './output/progress-line.ts';
import { readPassword } from './read-password.ts';
import { withInstallation } from './with-installation.ts';

interface SignInOptions {
  readonly user?: string;
  readonly passwordStdin?: true;
}

interface ExportOptions extends SignInOptions {
  readonly key?: readonly string[];
  readonly unsigned?: true;
}

interface ImportOptions extends SignInOptions {
  readonly key?: readonly string[];
  readonly allowUnsigned?: true;
  readonly force?: true;
}

const place = 'a file, or oci://host/repository:tag (oci+http:// without TLS)';

/** `pratique advisories keygen`, `export`, `import` and `copy` */
export function addBundleCommands(advisories: Command, context: () => CommandContext): void {
  advisories
    .command('keygen <file>')
    .description(
      'make a key that signs bundles: the private one goes into the file, the public one is printed',
    )
    .action(async (file: string) => {
      const { makeKeyFile } = await import('../app/administration/advisory-bundles.ts');
      print(await makeKeyFile(file));
    });
  signingIn(advisories.command('export <bundle>'))
    .description(`write what is held of all feeds into one signed bundle: ${place}`)
    .option('--key <file>', 'private key that signs it; may be given several times', gather)
    .option('--unsigned', 'do not sign it; whoever imports it must allow that')
    .action((to: string, options: ExportOptions) => exportBundle(context(), to, options));
  signingIn(advisories.command('import <bundle>'))
    .description(
      `verify a bundle and take it over: ${place}; exit code 2 when some feeds were refused, 3 when the bundle or all were`,
    )
    .option(
      '--key <public>',
      'public key to trust beside those of PRATIQUE_ADVISORY_KEYS; may be given several times',
      gather,
    )
    .option('--allow-unsigned', 'accept a bundle that no trusted key has signed')
    .option('--force', 'accept a bundle, or feeds, that are older or much smaller than what is held')
    .action((from: string, options: ImportOptions) => importBundle(context(), from, options));
  signingIn(advisories.command('copy <from> <to>'))
    .description(`carry a bundle between a registry and a file: each ${place}`)
    .action((from: string, to: string, options: SignInOptions) => copy(context(), { from, to }, options));
}

function gather(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function signingIn(command: Command): Command {
  return command
    .option('--user <name>', 'user for the registry, instead of PRATIQUE_ADVISORY_USER')
    .option('--password-stdin', 'read the password or access token from standard input');
}

/** Ends the work at Ctrl-C, so that nothing is left behind. */
function interruption(): AbortSignal {
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new AdministrationError('Interrupted')));
  process.once('SIGTERM', () => abort.abort(new AdministrationError('Interrupted')));
  return abort.signal;
}

/** Opens the places that a command names: what its options sign in with, or else the settings. */
async function signedIn(config: Config, options: SignInOptions): Promise<(place: string) => BundlePlace> {
  const { credentialsFor } = await import('../app/administration/advisory-bundles.ts');
  const password = await readPassword(options.passwordStdin === true);
  const { user } = options;
  if ((user === undefined) !== (password === undefined)) {
    throw new AdministrationError('Cannot sign in: --user and --password-stdin must be given together');
  }
  const given = user === undefined || password === undefined ? undefined : { user, password };
  const signal = interruption();
  return (place) => ({ place, credentials: given ?? credentialsFor(config, place), signal });
}

async function exportBundle(context: CommandContext, to: string, options: ExportOptions): Promise<void> {
  const { key: keyFiles = [], unsigned } = options;
  if ((keyFiles.length === 0) !== (unsigned === true)) {
    throw new AdministrationError('Cannot export: either --key <file> or --unsigned must be given');
  }
  await withInstallation(context, async ({ connection, config }) => {
    const progress = new ProgressLine(process.stderr);
    const placeOf = await signedIn(config, options);
    const { exportAdvisories } = await import('../app/administration/advisory-bundles.ts');
    const made = await exportAdvisories(
      { connection },
      { ...placeOf(to), keyFiles, onFeed: (feed) => progress.show(`${feed}: export`) },
    ).finally(() => progress.clear());
    print(`Exported ${described(made)} to ${to}`);
    if (unsigned) warn('The bundle is not signed: nobody can tell whether it was changed');
  });
}

async function importBundle(context: CommandContext, from: string, options: ImportOptions): Promise<void> {
  const { key: keys = [], allowUnsigned = false, force = false } = options;
  await withInstallation(context, async ({ connection, config }) => {
    const progress = new ProgressLine(process.stderr);
    const placeOf = await signedIn(config, options);
    const { importAdvisories } = await import('../app/administration/import-advisories.ts');
    const imported = await importAdvisories(
      { connection, config },
      {
        ...placeOf(from),
        keys,
        allowUnsigned,
        force,
        actor: commandLineActor,
        onProgress: ({ feed, phase, records }) =>
          progress.show(`${feed}: ${phase} ${records > 0 ? records : ''}`),
        onWaiting: () => progress.show('A synchronisation runs: the import waits until it ends'),
      },
    ).finally(() => progress.clear());
    const { kind, version, createdAt, keyId, result } = imported;
    if (keyId === undefined)
      warn('NO TRUSTED KEY HAS SIGNED THIS BUNDLE: it was taken because of --allow-unsigned');
    const signed = keyId === undefined ? 'by nobody' : `by ${keyId}`;
    const bundle = `version ${version} of ${createdAt.toISOString().slice(0, 16)}, signed ${signed}`;
    if (kind === 'unchanged') return print(`This bundle is held already: ${bundle}`);
    if (result.alreadyRunning) return refuseRunning(context);
    printFeeds(context, result.feeds);
    print(`Imported ${bundle}`);
  });
}

function refuseRunning(context: CommandContext): void {
  warn('Cannot import: a synchronisation runs already and does not end; try again later');
  context.setExitCode(exitCodes.environment);
}

async function copy(
  context: CommandContext,
  places: { readonly from: string; readonly to: string },
  options: SignInOptions,
): Promise<void> {
  const { copyBundle } = await import('../app/administration/advisory-bundles.ts');
  const { loadProcessConfig } = await import('../app/settings/config.ts');
  const placeOf = await signedIn(loadProcessConfig(context.settingsFile), options);
  const copied = await copyBundle({ from: placeOf(places.from), to: placeOf(places.to) });
  print(`Copied ${described(copied)} to ${places.to}`);
}

function described(bundle: Awaited<ReturnType<typeof copyBundle>>): string {
  const { version, createdAt, feedCount, recordCount, sizeBytes } = bundle;
  return `version ${version} of ${createdAt.toISOString().slice(0, 16)}: ${recordCount} records of ${feedCount} feeds, ${formatBytes(sizeBytes)},`;
}

function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}
