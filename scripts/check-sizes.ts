import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/** Longest file that may be committed; tables of data and generated files are exempt (style.md 3). */
const lineCountMax = 500;
const exempt = [/console\/src\/api\/schema\.ts$/, /\/expected-[a-z-]+\.ts$/];
const genericNames =
  /(^|\/)(utils?|common|helpers?|lib|shared|misc|base|core|models?|types|managers?|services?|daos?)(\/|\.tsx?$)/;

/** A file of the house that breaks a rule a machine can see. */
export interface SizeBreach {
  readonly file: string;
  readonly message: string;
}

/** Folders directly below `src`, depth of folders below it, and files in one besides tests (docs/decisions/0016-rooms.md). */
const roomCountMax = 25;
const depthMax = 3;
const fileCountMax = 30;

/** Checks how the files below `src`, given as paths from the root, lie in folders. */
export function checkFolders(paths: readonly string[]): SizeBreach[] {
  const counted = paths.filter((path) => path.startsWith('src/') && !path.endsWith('.test.ts'));
  const breaches: SizeBreach[] = [];
  for (const [folder, files] of Map.groupBy(counted, (path) => dirname(path))) {
    if (files.length > fileCountMax)
      breaches.push({
        file: folder,
        message: `${files.length} files besides tests, at most ${fileCountMax}`,
      });
    const depth = folder.split('/').length - 1;
    if (depth > depthMax)
      breaches.push({ file: folder, message: `${depth} folders deep, at most ${depthMax}` });
  }
  const rooms = new Set(counted.map((path) => path.split('/')[1]));
  if (rooms.size > roomCountMax)
    breaches.push({ file: 'src', message: `${rooms.size} folders, at most ${roomCountMax}` });
  return breaches;
}

/** Checks length and name of source files given as path and text. */
export function checkSizes(files: readonly { readonly path: string; readonly text: string }[]): SizeBreach[] {
  const breaches: SizeBreach[] = [];
  for (const { path, text } of files) {
    const lines = lineCount(text);
    if (lines > lineCountMax && !exempt.some((pattern) => pattern.test(path))) {
      breaches.push({ file: path, message: `${lines} lines, at most ${lineCountMax}` });
    }
    if (genericNames.test(path))
      breaches.push({ file: path, message: 'name says nothing about its content' });
    if (!/^_?[a-z0-9]+(?:[-.][a-z0-9]+)*\.tsx?$/.test(basename(path))) {
      breaches.push({ file: path, message: 'file names are kebab-case' });
    }
  }
  return breaches;
}

function lineCount(text: string): number {
  return text.split('\n').length - 1;
}

function percentile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '')
    .map((path) => ({ path, text: readFileSync(resolve(root, path), 'utf8') }));
  const breaches = [...checkSizes(files), ...checkFolders(files.map(({ path }) => path))];
  for (const breach of breaches) console.error(`${breach.file}: ${breach.message}`);
  const counted = files.filter(({ path }) => !exempt.some((pattern) => pattern.test(path)));
  const sizes = counted.map(({ text }) => lineCount(text)).sort((a, b) => a - b);
  const total = sizes.reduce((sum, lines) => sum + lines, 0);
  const suppressions = counted.reduce(
    (sum, { text }) => sum + (text.match(/biome-ignore|@ts-expect-error/g)?.length ?? 0),
    0,
  );
  console.log(
    `sizes: ${files.length} files, ${total} lines; per file median ${percentile(sizes, 0.5)}, p95 ${percentile(sizes, 0.95)}, ` +
      `max ${sizes.at(-1) ?? 0}; suppressions ${((suppressions * 1000) / Math.max(1, total)).toFixed(2)} per 1000 lines`,
  );
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
