import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  parseRobotGrant,
  permissionChoices,
  type RobotGrant,
  type RobotPermission,
} from '../app/administration/robot-grant.ts';
import { systemClock } from '../app/clock.ts';
import type { CommandContext } from './command-context.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { withInstallation } from './with-installation.ts';

interface CreateOptions {
  readonly namespace?: string;
  readonly permission: RobotPermission;
  readonly allow?: readonly RobotGrant[];
  readonly expiresInDays?: number;
}

const expiryOption = () =>
  new Option('--expires-in-days <days>', 'when the secret ends; without it, never').argParser(parseDays);

/** `pratique admin robot …` */
export function addRobotCommands(admin: Command, context: () => CommandContext): void {
  const robot = admin.command('robot').description('accounts of machines, which sign in with secrets');
  addListCommand(robot, context);
  robot
    .command('create <name>')
    .description('create a robot with its first secret, which is printed this once')
    .option('--namespace <namespace>', 'the namespace that it belongs to; without it, the registry')
    .addOption(
      new Option('--permission <permission>', 'what it may do in its namespace')
        .choices(permissionChoices)
        .default('pull'),
    )
    .option(
      '--allow <namespace=permission>',
      'for one of the registry: what it may do where, * for every namespace; may be repeated',
      parseGrant,
    )
    .addOption(expiryOption())
    .action((name: string, options: CreateOptions) =>
      withInstallation(context(), async (installation) => {
        const { namespace, permission, allow = [], expiresInDays } = options;
        const { addRobot } = await import('../app/administration/administer-robots.ts');
        const { openAccessSecrets } = await import('../app/wiring/open-access-secrets.ts');
        const { login, secret } = await addRobot(
          installation.connection.db,
          await openAccessSecrets(installation),
          {
            name,
            home: namespace,
            grants: namespace === undefined ? allow : [{ namespace, permission }],
            expiresInDays,
            now: systemClock(),
          },
        );
        print(`Created robot ${login} with the secret ${secret}`);
      }),
    );
  robot
    .command('rotate <login>')
    .description('make another secret, printed this once; the others stay valid unless you say otherwise')
    .option('--revoke-others', 'revoke the secrets that it has had')
    .addOption(expiryOption())
    .action((login: string, options: { revokeOthers?: true; expiresInDays?: number }) =>
      withInstallation(context(), async (installation) => {
        const { rotateRobot } = await import('../app/administration/administer-robots.ts');
        const { openAccessSecrets } = await import('../app/wiring/open-access-secrets.ts');
        const { secret, others } = await rotateRobot(
          installation.connection.db,
          await openAccessSecrets(installation),
          {
            login,
            revokeOthers: options.revokeOthers === true,
            expiresInDays: options.expiresInDays,
            now: systemClock(),
          },
        );
        print(`New secret of ${login}: ${secret}`);
        if (others.length > 0) print(`Still valid beside it: ${others.length}; --revoke-others ends them`);
      }),
    );
  robot
    .command('delete <login>')
    .description('delete a robot; its secrets and tokens end at once')
    .action((login: string) =>
      withInstallation(context(), async ({ connection }) => {
        const { removeRobot } = await import('../app/administration/administer-robots.ts');
        await removeRobot(connection.db, login);
        print(`Deleted robot ${login}`);
      }),
    );
}

function addListCommand(robot: Command, context: () => CommandContext): void {
  robot
    .command('list')
    .description('list robots')
    .option('--namespace <namespace>', 'only those with a permission there')
    .option('--json', 'print JSON')
    .action((options: { namespace?: string; json?: true }) =>
      withInstallation(context(), async ({ connection }) => {
        const { listAllRobots } = await import('../app/administration/administer-robots.ts');
        const robots = await listAllRobots(connection.db, options.namespace);
        if (options.json) {
          const shown = robots.map(({ id: _, secrets, ...rest }) => ({
            ...rest,
            secrets: secrets.map(({ accountId: _account, scope: _scope, ...secret }) => secret),
          }));
          return print(JSON.stringify(shown, undefined, 2));
        }
        const rows = robots.map(({ login, grants, isDisabled, secrets }) => [
          login,
          grants.map(({ namespace, permission }) => `${namespace}=${permission}`).join(' '),
          isDisabled ? 'disabled' : 'enabled',
          String(secrets.length),
          secrets
            .flatMap(({ lastUsedAt }) => lastUsedAt?.toISOString() ?? [])
            .toSorted()
            .at(-1) ?? 'never',
        ]);
        print(formatTable(['LOGIN', 'MAY', 'STATE', 'SECRETS', 'LAST USED'], rows));
      }),
    );
}

function parseGrant(text: string, earlier: readonly RobotGrant[] = []): readonly RobotGrant[] {
  const grant = parseRobotGrant(text);
  if (grant !== undefined) return [...earlier, grant];
  throw new InvalidArgumentError(
    `It must be <namespace>=<permission>, with one of ${permissionChoices.join(', ')}.`,
  );
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isSafeInteger(days) && days >= 1 && days <= 36_500) return days;
  throw new InvalidArgumentError('It must be a whole number from 1 to 36500.');
}
