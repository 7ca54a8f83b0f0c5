import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of real advisories and images beside the checkout, or undefined: then tests that need it are skipped. Throws when CI=true. */
export function sharedData(): string | undefined {
  const folder = fileURLToPath(new URL('../../../shared', import.meta.url));
  if (existsSync(`${folder}/MANIFEST.md`)) return folder;
  if (process.env['CI'] === 'true') {
    throw new Error(`Cannot run the tests on real data: "${folder}" must exist when CI=true, got nothing`);
  }
  return undefined;
}
