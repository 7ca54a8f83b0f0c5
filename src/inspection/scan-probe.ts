import type { SecretHit } from '../report/secret.ts';
import type { LayerProbe } from './image/layer-probe.ts';
import type { LayerReport } from './image/layer-report.ts';
import type { Found } from './inventory/found.ts';
import { inventoryProbe } from './inventory/layer-probe.ts';
import { secretProbe } from './secrets/file-secrets.ts';

export type ScanProbe = LayerProbe<Found, SecretHit>;
export type ScanReport = LayerReport<Found, SecretHit>;

/** All that a layer is read for, in one pass. */
export const probe: ScanProbe = { ...inventoryProbe, contents: secretProbe };
