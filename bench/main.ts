import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { BenchModule, BenchOptions } from './bench-line.ts';

/** Files of this folder that are no bench of their own. */
const notBenches: ReadonlySet<string> = new Set(['main', 'bench-line']);

function benchNames(): readonly string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('_'))
    .map((file) => file.slice(0, -'.ts'.length))
    .filter((name) => !notBenches.has(name))
    .sort();
}

function isBench(module: object): module is BenchModule {
  return 'run' in module && typeof module.run === 'function';
}

/**
 * `npm run bench [-- <name>… [--keep <folder>] [--only <text>] [--images <numbers>]]`: runs the benches named, all without a name, and prints
 * one JSON object per figure. The options are those of `BenchOptions`, for benches that take them.
 */
async function main(given: readonly string[]): Promise<void> {
  const { positionals: names, values } = parseArgs({
    args: [...given],
    allowPositionals: true,
    options: { keep: { type: 'string' }, only: { type: 'string' }, images: { type: 'string' } },
  });
  const options: BenchOptions = values;
  const known = benchNames();
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(`Cannot run bench "${unknown}": it must be one of ${known.join(', ')}`);
    process.exitCode = 3;
    return;
  }
  for (const name of names.length === 0 ? known : names) {
    const module: object = await import(pathToFileURL(join(import.meta.dirname, `${name}.ts`)).href);
    if (!isBench(module)) throw new Error(`Cannot run bench "${name}": its file must export run()`);
    const untaken = (['keep', 'only', 'images'] as const).find(
      (option) => options[option] !== undefined && module.takes?.includes(option) !== true,
    );
    if (untaken !== undefined)
      throw new Error(`Cannot run bench "${name}": it must be run without --${untaken}`);
    for (const line of await module.run(options)) console.log(JSON.stringify(line));
  }
}

await main(process.argv.slice(2));
