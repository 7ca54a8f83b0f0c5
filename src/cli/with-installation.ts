import type { Installation } from '../app/installation.ts';
import type { CommandContext } from './command-context.ts';

/** Runs `work` on the data folder's database, beside a running server or with a PostgreSQL of its own, and closes it. */
export async function withInstallation(
  context: CommandContext,
  work: (installation: Installation) => Promise<void>,
): Promise<void> {
  const { loadProcessConfig } = await import('../app/settings/config.ts');
  const { openInstallation } = await import('../app/installation.ts');
  const config = loadProcessConfig(context.settingsFile);
  const installation = await openInstallation(config, { role: 'guest' });
  try {
    await work(installation);
  } finally {
    await installation.close();
  }
}
