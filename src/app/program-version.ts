import { readFileSync } from 'node:fs';

/** Version of this program, from its own package file. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  // Our own file.
  return (JSON.parse(text) as { readonly version: string }).version;
}
