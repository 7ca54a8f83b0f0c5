import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from './setting-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that names a file with the value of a secret one, which then stands in no environment. */
export function fileVariableOf(variable: string): string {
  return `${variable}_FILE`;
}

/**
 * The environment with each secret that a file holds in the place of the file's name; one end of line at the file's end is
 * left out. Throws `SettingError` for a file that cannot be read, and for a secret that is given in both ways.
 */
export function withSecretFiles(
  environment: Environment,
  options: { readonly secrets: readonly string[]; readonly folder: string },
): Environment {
  const read: Record<string, string | undefined> = { ...environment };
  for (const variable of options.secrets) {
    const fileVariable = fileVariableOf(variable);
    const file = environment[fileVariable];
    if (file === undefined) continue;
    if (environment[variable] !== undefined)
      throw new SettingError(`Cannot use "${variable}" and "${fileVariable}": one must be set, got both`);
    delete read[fileVariable];
    read[variable] = readSecret(fileVariable, path.resolve(options.folder, file));
  }
  return read;
}

function readSecret(fileVariable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new SettingError(
      `Cannot use the setting "${fileVariable}": it must name a readable file, got ${JSON.stringify(file)} (${reason})`,
    );
  }
}
