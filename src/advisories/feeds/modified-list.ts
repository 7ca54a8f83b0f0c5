import { isRecordId, parseInstant } from '../osv/osv-record.ts';
import { FeedRefusedError } from './feed-errors.ts';

/**
 * Reads `<Ecosystem>/modified_id.csv`: `<modified>,<id>` per line, no header. Maps id to its instant in milliseconds
 * since 1970 (the text drops trailing zeros that the records may keep, so it is never compared as text).
 * One malformed line throws FeedRefusedError: a page of HTML must not make records vanish.
 */
export function parseModifiedList(address: string, text: string): ReadonlyMap<string, number> {
  const listed = new Map<string, number>();
  let number = 0;
  for (const line of text.split('\n')) {
    number += 1;
    if (line.trim() === '') continue;
    const comma = line.indexOf(',');
    const modifiedAt = parseInstant(line.slice(0, comma));
    const id = line.slice(comma + 1).trim();
    if (modifiedAt === undefined || !isRecordId(id)) {
      throw new FeedRefusedError(
        address,
        `line ${number} must be "<modified>,<id>", got something else of ${line.length} characters`,
      );
    }
    listed.set(id, Math.max(modifiedAt.getTime(), listed.get(id) ?? 0));
  }
  return listed;
}
