import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';

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
  const breaches = checkSizes(files);
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
