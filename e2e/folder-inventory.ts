import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { expect } from 'vitest';
import { inspectLayer } from '../src/inspection/image/inspect-layer.ts';
import { mergeLayers } from '../src/inspection/image/merge-layers.ts';
import { openTarget } from '../src/inspection/image/open-target.ts';
import { buildInventory, type Inventory } from '../src/inspection/inventory/build-inventory.ts';
import type { Found } from '../src/inspection/inventory/found.ts';
import { inventoryProbe } from '../src/inspection/inventory/layer-probe.ts';

/** Of a root file system in a folder. */
export async function inventoryOfFolder(root: string): Promise<Inventory> {
  const target = openTarget(`dir:${root}`);
  try {
    const [image] = await target.open();
    const [layer] = image?.layers ?? [];
    if (layer === undefined) throw new Error(`Cannot read "${root}": it must be one layer, got none`);
    return await inventoryOf(layer.digest, layer.open);
  } finally {
    await target.close();
  }
}

/** Of a root file system in a tar, compressed or not. */
export async function inventoryOfArchive(path: string): Promise<Inventory> {
  return await inventoryOf(`sha256:${'0'.repeat(64)}`, async () => createReadStream(path));
}

async function inventoryOf(digest: string, open: () => Promise<Readable>): Promise<Inventory> {
  const report = await inspectLayer<Found>({ open, probe: inventoryProbe });
  expect(report.incomplete).toBeUndefined();
  const view = mergeLayers([report], { knownPaths: inventoryProbe.knownPaths ?? [] });
  return buildInventory({
    view,
    layers: [{ digest }],
    reports: [report],
    now: new Date('2026-11-21T00:00:00Z'),
  });
}

/** Each package of the ecosystem as `<name> <version> <source> <version of the source>`. */
export function listed(inventory: Inventory, ecosystem: string): readonly string[] {
  return inventory.packages
    .filter((item) => item.package.ecosystem === ecosystem)
    .map(({ package: { name, version, sourceName, sourceVersion } }) =>
      [name, version, sourceName, sourceVersion].join(' '),
    )
    .sort();
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
