import { expect } from 'vitest';
import { inspectLayer } from '../src/image/inspect-layer.ts';
import { mergeLayers } from '../src/image/merge-layers.ts';
import { openTarget } from '../src/image/open-target.ts';
import { buildInventory, type Inventory } from '../src/inventory/build-inventory.ts';
import type { Found } from '../src/inventory/found.ts';
import { inventoryProbe } from '../src/inventory/layer-probe.ts';

/** Of a root file system in a folder. */
export async function inventoryOfFolder(root: string): Promise<Inventory> {
  const target = openTarget(`dir:${root}`);
  try {
    const [image] = await target.open();
    const [layer] = image?.layers ?? [];
    if (layer === undefined) throw new Error(`Cannot read "${root}": it must be one layer, got none`);
    const report = await inspectLayer<Found>({ open: layer.open, probe: inventoryProbe });
    expect(report.incomplete).toBeUndefined();
    const view = mergeLayers([report], { knownPaths: inventoryProbe.knownPaths ?? [] });
    const now = new Date('2026-11-21T00:00:00Z');
    return buildInventory({ view, layers: [{ digest: layer.digest }], reports: [report], now });
  } finally {
    await target.close();
  }
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
