import { capText } from '../cap-text.ts';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import { DocumentError, UntypedDocument } from '../untyped-document.ts';
import { architectureOf } from './_architecture.ts';
import { DatabaseReading } from './_database-reading.ts';

const path = 'usr/share/bottlerocket/application-inventory.json';

/**
 * What Bottlerocket has in place of an rpm database: `Content`, a list of the rpms that the system was put together from,
 * each with `Name`, `Version`, `Release`, `Epoch` (since 2024), `Architecture` and more, all of them texts.
 * https://github.com/bottlerocket-os/twoliter/blob/develop/twoliter/embedded/rpm2img
 */
export const bottlerocketExtractor: Extractor = {
  knownPaths: [path],
  wants: (wanted) => wanted === path,
  extract: (_path, bytes) => extractInventory(bytes),
};

function extractInventory(bytes: Buffer): Found[] {
  const reading = new DatabaseReading();
  try {
    const { items } = UntypedDocument.json(bytes).required('Content');
    if (items.length === 0) reading.complain('The inventory of Bottlerocket lists no package');
    for (const item of items) readItem(item, reading);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    reading.complain('The inventory of Bottlerocket is not of its format');
  }
  return reading.found;
}

function readItem(item: UntypedDocument, reading: DatabaseReading): void {
  const [name, version, release] = ['Name', 'Version', 'Release'].map((key) => item.at(key).text);
  const epoch = item.at('Epoch').text || '0';
  if (!name || !version || !release || !/^\d{1,10}$/.test(epoch)) {
    reading.complain('A package in the inventory of Bottlerocket lacks its name, version or release');
    return;
  }
  const full = capText(`${epoch === '0' ? '' : `${epoch}:`}${version}-${release}`);
  reading.add({
    kind: 'package',
    manager: 'rpm',
    name: capText(name),
    version: full,
    sourceName: capText(name),
    sourceVersion: full,
    ...architectureOf(item.at('Architecture').text),
  });
}
