import { inflateRawSync } from 'node:zlib';
import type { Database } from '../../database/database.ts';

/** The OSV JSON of an advisory exactly as its mirror served it; undefined when there is none of that id. */
export async function readAdvisoryRecord(db: Database, id: string): Promise<string | undefined> {
  const row = await db.selectFrom('advisory').select('record').where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : inflateRecord(row.record);
}

export function inflateRecord(deflated: Buffer): string {
  return inflateRawSync(deflated).toString('utf8');
}
