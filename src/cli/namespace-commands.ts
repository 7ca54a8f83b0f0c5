import { type Command, InvalidArgumentError, Option } from 'commander';
import type { NamespaceSettings } from '../app/administration/administer-namespaces.ts';
import { byteSizeMust, parseByteSize } from '../app/settings/parse-byte-size.ts';
import type { CommandContext } from './command-context.ts';
import { formatBytes } from './output/format-bytes.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { type SeverityOrderValue, severityOrderOption } from './severity-order-option.ts';
import { withInstallation } from './with-installation.ts';

interface SettingOptions {
  readonly public?: string;
  readonly autoScan?: string;
  readonly mode?: string;
  readonly minSeverity?: string;
  readonly fixableOnly?: string;
  readonly quota?: number | 'none';
  readonly severityOrder?: SeverityOrderValue;
}

const yesNo = ['yes', 'no'] as const;

function parseQuota(text: string): number | 'none' {
  if (text === 'none') return text;
  const quotaBytes = parseByteSize(text);
  if (quotaBytes === undefined) throw new InvalidArgumentError(`It must be ${byteSizeMust}, or none.`);
  return quotaBytes;
}

function withSettings(command: Command): Command {
  return command
    .addOption(new Option('--public <yes|no>', 'may be pulled from without an account').choices(yesNo))
    .addOption(new Option('--auto-scan <yes|no>', 'inspect what is pushed').choices(yesNo))
    .addOption(
      new Option('--quota <size>', 'most that it may hold, such as 10GiB; none: no limit').argParser(
        parseQuota,
      ),
    )
    .addOption(
      new Option('--mode <mode>', 'what the policy does to pulls').choices(['off', 'observe', 'enforce']),
    )
    .addOption(
      new Option('--min-severity <severity>', 'lowest severity that counts').choices([
        'low',
        'medium',
        'high',
        'critical',
      ]),
    )
    .addOption(new Option('--fixable-only <yes|no>', 'only what has a fix counts').choices(yesNo))
    .addOption(severityOrderOption());
}

function settingsOf(options: SettingOptions): NamespaceSettings {
  const policy = {
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(options.minSeverity === undefined ? {} : { minSeverity: options.minSeverity }),
    ...(options.fixableOnly === undefined ? {} : { fixableOnly: options.fixableOnly === 'yes' }),
  };
  return {
    ...(options.public === undefined ? {} : { isPublic: options.public === 'yes' }),
    ...(options.autoScan === undefined ? {} : { autoScan: options.autoScan === 'yes' }),
    ...(options.quota === undefined ? {} : { quotaBytes: options.quota === 'none' ? null : options.quota }),
    ...(options.severityOrder === undefined ? {} : { severityOrder: options.severityOrder }),
    ...(Object.keys(policy).length === 0 ? {} : { policy }),
  };
}

/** `pratique admin namespace …` */
export function addNamespaceCommands(admin: Command, context: () => CommandContext): void {
  const namespace = admin
    .command('namespace')
    .description('namespaces, which hold repositories and carry the policy');
  namespace
    .command('list')
    .description('list namespaces')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) =>
      withInstallation(context(), async ({ connection }) => {
        const { listAllNamespaces } = await import('../app/administration/administer-namespaces.ts');
        const all = await listAllNamespaces(connection.db);
        if (options.json) {
          const shown = all.map(
            ({ name, isPublic, autoScan, readPolicy, readOrder, usedBytes, quotaBytes }) => ({
              name,
              public: isPublic,
              autoScan,
              policy: readPolicy,
              severityOrder: readOrder,
              usedBytes,
              quotaBytes: quotaBytes ?? null,
            }),
          );
          return print(JSON.stringify(shown, undefined, 2));
        }
        const rows = all.map(({ name, isPublic, autoScan, readPolicy, usedBytes, quotaBytes }) => [
          name,
          isPublic ? 'public' : 'private',
          autoScan ? 'yes' : 'no',
          readPolicy.mode === 'off' ? 'off' : `${readPolicy.mode} from ${readPolicy.minSeverity}`,
          formatBytes(usedBytes),
          quotaBytes === undefined ? 'none' : formatBytes(quotaBytes),
        ]);
        print(formatTable(['NAME', 'ACCESS', 'AUTO-SCAN', 'POLICY', 'HOLDS', 'QUOTA'], rows));
      }),
    );
  withSettings(namespace.command('create <name>').description('create a namespace')).action(
    (name: string, options: SettingOptions) =>
      withInstallation(context(), async ({ config, connection }) => {
        const { namespaceQuotaBytes } = config;
        const byDefault = namespaceQuotaBytes === undefined ? {} : { quotaBytes: namespaceQuotaBytes };
        const { addNamespace } = await import('../app/administration/administer-namespaces.ts');
        await addNamespace(connection, name, { ...byDefault, ...settingsOf(options) });
        print(`Created namespace ${name}`);
      }),
  );
  withSettings(namespace.command('set <name>').description('change settings of a namespace')).action(
    (name: string, options: SettingOptions) =>
      withInstallation(context(), async ({ connection }) => {
        const { changeNamespace } = await import('../app/administration/administer-namespaces.ts');
        await changeNamespace(connection, name, settingsOf(options));
        print(`Changed namespace ${name}`);
      }),
  );
  namespace
    .command('delete <name>')
    .description('delete an empty namespace')
    .option('--force', 'delete it with the images it holds')
    .action((name: string, options: { force?: true }) =>
      withInstallation(context(), async ({ connection }) => {
        const { removeNamespace } = await import('../app/administration/administer-namespaces.ts');
        const freedBytes = await removeNamespace(connection.db, name, { force: options.force === true });
        print(
          `Deleted namespace ${name}${freedBytes === 0 ? '' : `; the server frees ${formatBytes(freedBytes)} in the background, "pratique gc" sooner`}`,
        );
      }),
    );
}
