import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A document that names a path which is not there, or a folder that the map leaves out. */
export interface DocumentBreach {
  readonly document: string;
  readonly message: string;
}

const pathPattern = /`((?:src|console|bench|e2e|docs|scripts|examples|deploy)\/[A-Za-z0-9_./-]+)`/g;
const linkPattern = /\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g;

/** Checks that every path and relative link in the documents exists and that ARCHITECTURE.md names every folder of `src`. */
export function checkDocuments(root: string, documents: readonly string[]): DocumentBreach[] {
  const breaches: DocumentBreach[] = [];
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8');
    for (const match of text.matchAll(pathPattern)) {
      const path = match[1] ?? '';
      if (!existsSync(join(root, path)))
        breaches.push({ document, message: `names ${path}, which is not there` });
    }
    for (const match of text.matchAll(linkPattern)) {
      const target = resolve(join(root, document), '..', match[1] ?? '');
      if (!existsSync(target))
        breaches.push({ document, message: `links to ${match[1]}, which is not there` });
    }
  }
  return [...breaches, ...checkMap(root)];
}

function checkMap(root: string): DocumentBreach[] {
  const map = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const breaches: DocumentBreach[] = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !map.includes(`\`${entry.name}\``))
    .map((entry) => ({ document: 'ARCHITECTURE.md', message: `leaves out the folder src/${entry.name}` }));
  const lines = map.split('\n').length - 1;
  if (lines > 200) breaches.push({ document: 'ARCHITECTURE.md', message: `${lines} lines, at most 200` });
  return breaches;
}

function markdownFiles(root: string): string[] {
  const nested = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  return [...readdirSync(root).filter((name) => name.endsWith('.md')), ...nested];
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const documents = markdownFiles(root);
  const breaches = checkDocuments(root, documents);
  for (const breach of breaches) console.error(`${breach.document}: ${breach.message}`);
  console.log(`docs: ${documents.length} documents, ${breaches.length} breaches`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
