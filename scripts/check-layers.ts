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
    const room = roomOf(relative(sourceRoot, file), layers);
    if (room === undefined) {
      breaches.push({ file, message: `folder "${topFolder(sourceRoot, file)}" is not in layers.json` });
      continue;
    }
    for (const target of importsOf(file)) {
      const message = judgeImport({ sourceRoot, file, room, layers, target });
      if (message !== undefined) breaches.push({ file, message });
    }
  }
  return breaches;
}

interface ImportToJudge {
  readonly sourceRoot: string;
  readonly file: string;
  readonly room: string;
  readonly layers: Layers;
  readonly target: string;
}

function judgeImport({ sourceRoot, file, room, layers, target }: ImportToJudge): string | undefined {
  const path = relative(sourceRoot, target);
  if (basename(target).startsWith('_') && dirname(target) !== dirname(file)) {
    return `imports ${path}, which is private to its folder`;
  }
  const targetRoom = roomOf(path, layers);
  if (targetRoom === room || (targetRoom !== undefined && layers[room]?.includes(targetRoom)))
    return undefined;
  if (targetRoom === 'testing' && file.endsWith('.test.ts')) return undefined;
  return `"${room}" may not import "${targetRoom ?? topFolder(sourceRoot, target)}" (${path})`;
}

/** The innermost folder of `layers.json` that holds the file: folders that it does not list belong to the one around them. */
function roomOf(path: string, layers: Layers): string | undefined {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    const room = folder.split(sep).join('/');
    if (layers[room] !== undefined) return room;
  }
  return undefined;
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
