import { Readable } from 'node:stream';
import { inspectLayer } from '../../inspection/image/inspect-layer.ts';
import { mergeLayers } from '../../inspection/image/merge-layers.ts';
import { buildInventory, type Inventory } from '../../inspection/inventory/build-inventory.ts';
import type { Found } from '../../inspection/inventory/found.ts';
import { inventoryProbe } from '../../inspection/inventory/layer-probe.ts';

/** The inventory of an image of these layers (tar, also compressed; bottom first), by the real reader. Throws for an incomplete layer. */
export async function inventoryOf(layers: readonly Buffer[], now: Date): Promise<Inventory> {
  const reports = [];
  for (const bytes of layers) {
    reports.push(
      await inspectLayer<Found>({ open: async () => Readable.from([bytes]), probe: inventoryProbe }),
    );
  }
  const view = mergeLayers(reports, { knownPaths: inventoryProbe.knownPaths ?? [] });
  const [problem] = view.incomplete;
  if (problem !== undefined) throw new Error(`Cannot take the inventory: ${problem.message}`);
  const described = layers.map((_, index) => ({ digest: `sha256:${index}`, createdBy: `RUN step ${index}` }));
  return buildInventory({ view, layers: described, reports, now });
}
