import { JavaArchiveTable, JavaArchiveTableError } from '../../inspection/inventory/java-archive-table.ts';
import type { Config } from '../settings/config.ts';
import { SettingError } from '../settings/setting-error.ts';
import { settings } from '../settings/settings.ts';

/** The table of published Java archives that is set up; undefined when none is. Throws `SettingError` for one that cannot be used. */
export function openJavaArchives(config: Pick<Config, 'javaArchives'>): JavaArchiveTable | undefined {
  if (config.javaArchives === undefined) return undefined;
  try {
    return JavaArchiveTable.open(config.javaArchives);
  } catch (error) {
    if (!(error instanceof JavaArchiveTableError)) throw error;
    throw new SettingError(`${error.message} (setting ${settings.javaArchives.variable})`);
  }
}
