import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { command, hasProgram } from './clients.ts';

/** Where tools that tests fetch from registries are kept, from run to run. */
export function fetchedToolsFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pratique-clients');
}

export type InstalledPython =
  | { readonly kind: 'there'; readonly path: string }
  | { readonly kind: 'no-python' }
  | { readonly kind: 'failed'; readonly printed: string };

/** A Python with these packages (`name==version`), which are installed once and kept in the user's cache. */
export async function installPythonPackages(packages: readonly string[]): Promise<InstalledPython> {
  const folder = join(fetchedToolsFolder(), packages.join('-').replaceAll('==', '-'));
  const path = join(folder, 'bin/python');
  if (existsSync(join(folder, 'whole'))) return { kind: 'there', path };
  if (!hasProgram('python3')) return { kind: 'no-python' };
  mkdirSync(fetchedToolsFolder(), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  const made = await command('python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
  const installed = made.code === 0 ? await command(path, pip) : made;
  if (installed.code !== 0) {
    const printed = `Cannot install ${packages.join(' and ')}: pip must succeed, got\n${installed.stdout}${installed.stderr}`;
    return { kind: 'failed', printed };
  }
  // A folder that pip was cut off in has no such mark.
  writeFileSync(join(folder, 'whole'), '');
  return { kind: 'there', path };
}
