import { sql } from 'kysely';
import type { Database } from '../database/database.ts';

/** Some seconds of the database’s time. */
const imagesPerRunMax = 2_000;

/**
 * Notes the layers of images that were scanned before there was a table of them (migration 0015), so that they are found
 * as bases: some at a time, none when all are done. Returns how many were looked at.
 */
export async function fillLayerChains(db: Database): Promise<number> {
  // The manifest is locked first, as whoever deletes it does; one that is being deleted is left for the next time.
  const { rows } = await sql<{ count: number }>`
    with held as materialized (
      select d.manifest_digest from layer_chain_due d join manifest m on m.digest = d.manifest_digest
      limit ${imagesPerRunMax} for key share of m skip locked),
    known as (
      select manifest_digest, layers, layer_chain_ids(layers) as chains
      from (select manifest_digest, layers_of(manifest_digest) as layers from held) stacks),
    noted as (
      insert into layer_chain (manifest_digest, chain_id)
      select manifest_digest, chains[cardinality(chains)] from known
      where cardinality(chains) = cardinality(layers) and cardinality(chains) > 0
      on conflict (manifest_digest) do nothing),
    done as (delete from layer_chain_due d using held where d.manifest_digest = held.manifest_digest)
    select count(*)::int as count from held`.execute(db);
  return rows[0]?.count ?? 0;
}
