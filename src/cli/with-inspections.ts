import { loadProcessConfig } from '../app/config.ts';
import type { Installation } from '../app/installation.ts';
import { type InspectionPool, openInspections } from '../app/open-inspections.ts';
import type { CommandContext } from './command-context.ts';
import { withInstallation } from './with-installation.ts';

/** As `withInstallation()`, with the processes that read layers; the first of them starts while the database does. */
export async function withInspections(
  context: CommandContext,
  work: (installation: Installation, inspections: InspectionPool) => Promise<void>,
): Promise<void> {
  const inspections = openInspections(loadProcessConfig(context.settingsFile), { for: 'command' });
  inspections.warm();
  try {
    await withInstallation(context, (installation) => work(installation, inspections));
  } finally {
    await inspections.close();
  }
}
