import { type RawRecord, rawRecord } from '../osv/zip-records.ts';
import type { FeedContext } from './feed-context.ts';
import { type Source, sourceBelow } from './source.ts';

const concurrency = 8;
const recordBytesMax = 16 * 2 ** 20;
const totalBytesMax = 128 * 2 ** 20;

/**
 * Fetches single records, a few at a time. Undefined when the mirror lacks one of them, or when they are so large that
 * the whole feed is the better way.
 */
export async function fetchRecords(
  context: Pick<FeedContext, 'reader' | 'signal'>,
  folder: Source,
  ids: readonly string[],
): Promise<readonly RawRecord[] | undefined> {
  const records: RawRecord[] = [];
  const waiting = ids.values();
  let bytes = 0;
  let complete = true;
  const fetchNext = async (): Promise<void> => {
    for (const id of waiting) {
      if (!complete) return;
      context.signal.throwIfAborted();
      const answer = await context.reader.read(sourceBelow(folder, `${id}.json`), {
        bytesMax: recordBytesMax,
      });
      if (answer.kind !== 'ok') {
        complete = false;
        return;
      }
      bytes += answer.bytes.length;
      if (bytes > totalBytesMax) complete = false;
      records.push(rawRecord(id, answer.bytes));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, fetchNext));
  return complete ? records : undefined;
}
