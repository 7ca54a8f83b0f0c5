import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

/** An import that `layers.json` does not allow, a foreign `_private` file, or a folder missing from the list. */
export interface Breach {
  readonly file: string;
  readonly message: string;
}

type Layers = Readonly<Record<string, readonly string[]>>;

const importPattern = /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)['"](\.{1,2}\/[^'"]+)['"]/g;

/** Checks every `.ts` file below `src`; type-only imports count, tests may import `testing` as well. */
export function checkLayers(sourceRoot: string, layers: Layers): Breach[] {
  const breaches: Breach[] = [...findCycles(layers)];
  for (const file of sourceFiles(sourceRoot)) {
    const folder = topFolder(sourceRoot, file);
    const allowed = layers[folder];
    if (allowed === undefined) {
      breaches.push({ file, message: `folder "${folder}" is not in layers.json` });
      continue;
    }
    for (const target of importsOf(file)) {
      const message = judgeImport({ sourceRoot, file, folder, allowed, target });
      if (message !== undefined) breaches.push({ file, message });
    }
  }
  return breaches;
}

interface ImportToJudge {
  readonly sourceRoot: string;
  readonly file: string;
  readonly folder: string;
  readonly allowed: readonly string[];
  readonly target: string;
}

function judgeImport({ sourceRoot, file, folder, allowed, target }: ImportToJudge): string | undefined {
  const targetFolder = topFolder(sourceRoot, target);
  if (basename(target).startsWith('_') && dirname(target) !== dirname(file)) {
    return `imports ${relative(sourceRoot, target)}, which is private to its folder`;
  }
  if (targetFolder === folder || allowed.includes(targetFolder)) return undefined;
  if (targetFolder === 'testing' && file.endsWith('.test.ts')) return undefined;
  return `"${folder}" may not import "${targetFolder}" (${relative(sourceRoot, target)})`;
}

function findCycles(layers: Layers): Breach[] {
  const breaches: Breach[] = [];
  const done = new Set<string>();
  const visit = (folder: string, path: readonly string[]): void => {
    if (path.includes(folder)) {
      breaches.push({ file: 'layers.json', message: `cycle ${[...path, folder].join(' → ')}` });
      return;
    }
    if (done.has(folder)) return;
    for (const next of layers[folder] ?? []) visit(next, [...path, folder]);
    done.add(folder);
  };
  for (const folder of Object.keys(layers)) visit(folder, []);
  return breaches;
}

function sourceFiles(sourceRoot: string): string[] {
  return readdirSync(sourceRoot, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(importPattern)].map((match) =>
    resolve(dirname(file), match[1] ?? ''),
  );
}

function topFolder(sourceRoot: string, file: string): string {
  return relative(sourceRoot, file).split(sep)[0] ?? '';
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const layers = JSON.parse(readFileSync(join(root, 'layers.json'), 'utf8')) as Layers; // our own file
  const breaches = checkLayers(join(root, 'src'), layers);
  for (const breach of breaches) console.error(`${relative(root, breach.file)}: ${breach.message}`);
  console.log(`layers: ${Object.keys(layers).length} folders, ${breaches.length} breaches`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
