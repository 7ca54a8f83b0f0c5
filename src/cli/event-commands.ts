import type { Command } from 'commander';
import type { AuditEvent } from '../app/administration/read-events.ts';
import type { CommandContext } from './command-context.ts';
import { limitOption, sinceOption } from './list-options.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { withInstallation } from './with-installation.ts';

interface ListOptions {
  readonly kind?: string;
  readonly actor?: string;
  readonly subject?: string;
  readonly namespace?: string;
  readonly since?: Date;
  readonly limit: number;
  readonly json?: true;
}

const limitMax = 10_000;

/** `pratique admin event …` */
export function addEventCommands(admin: Command, context: () => CommandContext): void {
  const event = admin.command('event').description('the audit log: every change and what was refused');
  event
    .command('list')
    .description('list events, newest first')
    .option('--kind <kind>', 'such as robot.created, or login for all that begin so')
    .option('--actor <name>', 'who did it, or anonymous')
    .option('--subject <text>', 'a part of what it happened to')
    .option('--namespace <namespace>', 'only of this namespace')
    .addOption(sinceOption())
    .addOption(limitOption({ what: 'most to list', max: limitMax, default: 100 }))
    .option('--json', 'print one JSON object a line')
    .action(({ json, ...filter }: ListOptions) =>
      withInstallation(context(), async ({ connection }) => {
        const { readEvents } = await import('../app/administration/read-events.ts');
        const events = await readEvents(connection.db, filter);
        if (json) for (const one of events) print(JSON.stringify(one));
        else print(formatTable(['AT', 'KIND', 'NAMESPACE', 'WHO', 'TO WHAT', 'FROM'], events.map(rowOf)));
      }),
    );
}

function rowOf({ at, kind, namespace, actor, subject, client }: AuditEvent): readonly string[] {
  return [at.toISOString(), kind, namespace ?? '-', actor, subject, client?.split(' ', 1)[0] ?? '-'];
}
