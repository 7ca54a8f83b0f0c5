import { orderOf } from '../../versions/order-of.ts';
import type { FeedContext } from './feed-context.ts';
import { FeedRefusedError } from './feed-errors.ts';
import { type Source, sourceBelow } from './source.ts';

const listBytesMax = 2 ** 20;
const folderName = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$/;

/**
 * Folder names of a mirror from its `ecosystems.txt`, one per line. Lines with a suffix (`Debian:11`) are in the folder
 * of the name before the colon; other lines that are no folder name (OSV.dev's `[EMPTY]`) hold nothing for us.
 */
export async function readEcosystemList(
  context: Pick<FeedContext, 'reader'>,
  root: Source,
): Promise<readonly string[]> {
  const source = sourceBelow(root, 'ecosystems.txt');
  const answer = await context.reader.read(source, { bytesMax: listBytesMax });
  if (answer.kind !== 'ok')
    throw new FeedRefusedError(source.address, 'a mirror must have it, got "not found"');
  const text = answer.bytes.toString('utf8');
  if (/^\s*[<{]/.test(text)) {
    throw new FeedRefusedError(source.address, 'it must be a list of folders, got a page or JSON');
  }
  const names = text.split('\n').map((line) => (line.split(':')[0] ?? '').trim());
  const folders = [...new Set(names.filter((name) => folderName.test(name) && name !== 'CVE'))];
  // Any text has lines that could be names; they are shown as feeds.
  if (!folders.some((name) => orderOf(name) !== undefined)) {
    throw new FeedRefusedError(
      source.address,
      `it must name an ecosystem that is known, got ${folders.length} other lines`,
    );
  }
  return folders;
}
