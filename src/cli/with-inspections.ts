import type { Installation } from '../app/installation.ts';
import type { InspectionPool } from '../app/wiring/open-inspections.ts';
import { type CommandContext, exitCodes } from './command-context.ts';
import { withInstallation } from './with-installation.ts';

/**
 * As `withInstallation()`, with the processes that read layers; the first of them starts while the database does. What cannot
 * be inspected within their budgets ends with one line on standard error and the exit code for "could not tell".
 */
export async function withInspections(
  context: CommandContext,
  work: (installation: Installation, inspections: InspectionPool) => Promise<void>,
): Promise<void> {
  const { loadProcessConfig } = await import('../app/settings/config.ts');
  const { couldNotInspect, openInspections } = await import('../app/wiring/open-inspections.ts');
  const inspections = openInspections(loadProcessConfig(context.settingsFile), { for: 'command' });
  inspections.warm();
  try {
    await withInstallation(context, (installation) => work(installation, inspections));
  } catch (error) {
    if (!couldNotInspect(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    context.setExitCode(exitCodes.undetermined);
  } finally {
    await inspections.close();
  }
}
