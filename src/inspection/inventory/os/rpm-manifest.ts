import { capText } from '../cap-text.ts';
import type { Extractor } from '../extractor.ts';
import { architectureOf } from './_architecture.ts';
import { DatabaseReading, linesOf } from './_database-reading.ts';
import { rpmSourceOf } from './_rpm-source.ts';

const path = 'var/lib/rpmmanifest/container-manifest-2';
const columnCount = 10;

/**
 * What Azure Linux's distroless images have in place of an rpm database, a package per line: name, version-release, times of
 * installation and build, vendor, epoch, size, architecture, epoch as a number, source package; between tabs.
 * https://github.com/microsoft/azurelinux/blob/3.0/toolkit/docs/how_it_works/5_misc.md
 */
export const rpmManifestExtractor: Extractor = {
  knownPaths: [path],
  wants: (wanted) => wanted === path,
  extract: (_path, bytes) => {
    const reading = new DatabaseReading();
    for (const line of linesOf(bytes.toString('utf8'))) if (line.trim() !== '') readLine(line, reading);
    return reading.found;
  },
};

function readLine(line: string, reading: DatabaseReading): void {
  const columns = line.trimEnd().split('\t', columnCount + 1);
  const [name, version, , builtAtSeconds = '', , , , architecture, epoch = '', sourceFile] = columns;
  if (!name || !version || columns.length !== columnCount || !/^\d{1,10}$/.test(epoch)) {
    reading.complain('A line of the rpm manifest is not of its format');
    return;
  }
  const prefix = epoch === '0' ? '' : `${epoch}:`;
  const source = rpmSourceOf(sourceFile);
  reading.add({
    kind: 'package',
    manager: 'rpm',
    name: capText(name),
    version: capText(`${prefix}${version}`),
    sourceName: capText(source?.name ?? name),
    sourceVersion: capText(`${prefix}${source?.version ?? version}`),
    ...architectureOf(architecture),
    ...builtAtOf(builtAtSeconds),
  });
}

function builtAtOf(seconds: string): { readonly builtAt?: string } {
  if (!/^[1-9]\d{0,10}$/.test(seconds)) return {};
  return { builtAt: new Date(Number(seconds) * 1000).toISOString() };
}
