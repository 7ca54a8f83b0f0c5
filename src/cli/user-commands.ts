import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { readPassword } from './read-password.ts';
import { withInstallation } from './with-installation.ts';

const stdinOption = [
  '--password-stdin',
  'read the password from standard input instead of making one up',
] as const;

interface CreateOptions {
  readonly admin?: true;
  readonly passwordStdin?: true;
}

/** `pratique admin user …` */
export function addUserCommands(admin: Command, context: () => CommandContext): void {
  const user = admin.command('user').description('users who may sign in');
  user
    .command('list')
    .description('list users')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) =>
      withInstallation(context(), async ({ connection }) => {
        const { listUsers } = await import('../app/administration/administer-users.ts');
        const users = (await listUsers(connection.db)).map(({ name, isAdmin, disabledAt, createdAt }) => ({
          name,
          isAdmin,
          disabled: disabledAt !== undefined,
          createdAt: createdAt.toISOString(),
        }));
        if (options.json) return print(JSON.stringify(users, undefined, 2));
        const rows = users.map(({ name, isAdmin, disabled, createdAt }) => [
          name,
          isAdmin ? 'system admin' : 'user',
          disabled ? 'disabled' : 'enabled',
          createdAt,
        ]);
        print(formatTable(['NAME', 'ROLE', 'STATE', 'CREATED'], rows));
      }),
    );
  user
    .command('create <name>')
    .description('create a user; a password is made up and printed unless one is given')
    .option('--admin', 'make it a system administrator')
    .option(...stdinOption)
    .action(async (name: string, options: CreateOptions) => {
      const given = await readPassword(options.passwordStdin === true);
      await withInstallation(context(), async ({ connection }) => {
        const { addUser } = await import('../app/administration/administer-users.ts');
        const { password } = await addUser(connection.db, {
          name,
          password: given,
          isAdmin: options.admin === true,
        });
        print(
          given === undefined ? `Created user ${name} with the password ${password}` : `Created user ${name}`,
        );
      });
    });
  user
    .command('set-password <name>')
    .description(
      'set a password and end the sessions of the user; it is made up and printed unless one is given',
    )
    .option(...stdinOption)
    .action(async (name: string, options: Pick<CreateOptions, 'passwordStdin'>) => {
      const given = await readPassword(options.passwordStdin === true);
      await withInstallation(context(), async ({ connection }) => {
        const { setPassword } = await import('../app/administration/administer-users.ts');
        const { password } = await setPassword(connection.db, { name, password: given });
        print(
          given === undefined ? `The password of ${name} is now ${password}` : `Set the password of ${name}`,
        );
      });
    });
  addStateCommands(user, context);
  user
    .command('delete <name>')
    .description('delete a user')
    .action((name: string) =>
      withInstallation(context(), async ({ connection }) => {
        const { removeUser } = await import('../app/administration/administer-users.ts');
        await removeUser(connection.db, name);
        print(`Deleted user ${name}`);
      }),
    );
}

function addStateCommands(user: Command, context: () => CommandContext): void {
  user
    .command('disable <name>')
    .description('let a user do nothing any more: sessions end, access tokens are revoked')
    .action((name: string) =>
      withInstallation(context(), async ({ connection }) => {
        const { setUserDisabled } = await import('../app/administration/administer-users.ts');
        await setUserDisabled(connection.db, name, true);
        print(`Disabled user ${name}`);
      }),
    );
  user
    .command('enable <name>')
    .description('let a disabled user sign in again')
    .action((name: string) =>
      withInstallation(context(), async ({ connection }) => {
        const { setUserDisabled } = await import('../app/administration/administer-users.ts');
        await setUserDisabled(connection.db, name, false);
        print(`Enabled user ${name}`);
      }),
    );
  user
    .command('sign-out <name>')
    .description('end every session of a user')
    .action((name: string) =>
      withInstallation(context(), async ({ connection }) => {
        const { signUserOut } = await import('../app/administration/administer-users.ts');
        print(`Ended ${await signUserOut(connection.db, name)} sessions of ${name}`);
      }),
    );
}
