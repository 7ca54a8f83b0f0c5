import type { Generated } from 'kysely';

export interface AdvisoryBundleTable {
  id: Generated<number>;
  version: number;
  digest: string;
  created_at: Date;
  key_id: string | null;
  source: string;
  accepted_at: Date;
  imported_at: Date | null;
}
