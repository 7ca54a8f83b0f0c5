import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { command, hasProgram, mustRun } from './clients.ts';

/** Pinned: what CI checks with today it checks with tomorrow. */
const version = '0.8.5';

/**
 * Path of SPDX's own reader and validator (Python, `spdx-tools`), which is installed once and kept in the user's cache;
 * undefined without Python or when it cannot be fetched. With CI=true both throw: CI must have it.
 */
export async function installSpdxTools(): Promise<string | undefined> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'pratique-clients', `spdx-tools-${version}`);
  const path = join(folder, 'bin/python');
  if (existsSync(join(folder, 'whole'))) return path;
  if (!hasProgram('python3')) return undefined;
  mkdirSync(join(cache, 'pratique-clients'), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  const made = await command('python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `spdx-tools==${version}`];
  const installed = made.code === 0 ? await command(path, pip) : made;
  if (installed.code === 0) {
    // A folder that pip was cut off in has no such mark.
    writeFileSync(join(folder, 'whole'), '');
    return path;
  }
  const message = `Cannot install spdx-tools ${version}: pip must succeed, got\n${installed.stdout}${installed.stderr}`;
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(message);
  return undefined;
}

/** Reads SPDX documents with `spdx-tools` and throws what it says against one; `python` is the path above. */
export async function validateSpdx(python: string, files: readonly string[]): Promise<void> {
  const program = `
import sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
for name in sys.argv[1:]:
    messages = [message.validation_message for message in validate_full_spdx_document(parse_file(name))]
    if messages:
        sys.exit(name + ": " + "; ".join(messages[:5]))
`;
  await mustRun(python, ['-c', program, ...files]);
}
