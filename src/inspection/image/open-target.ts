import { stat } from 'node:fs/promises';
import { ArchiveError } from '../../bytes/archive-error.ts';
import { TooManyBytesError } from '../../bytes/read-all.ts';
import { DigestMismatchError } from '../../bytes/verify-digest.ts';
import { directoryFiles, tarFiles } from './_archive-files.ts';
import { openDockerArchive } from './_docker-archive.ts';
import { openOciLayout } from './_oci-layout.ts';
import { openRootDirectory } from './_root-directory.ts';
import type { Image, ImageSource } from './image.ts';
import { ImageUnreadableError } from './image-unreadable-error.ts';

/** The text names no kind of target that is read here: a mistake in how the command was called. */
export class TargetUnknownError extends Error {
  override readonly name = 'TargetUnknownError';
  readonly code = 'target-unknown';
}

type OpenAt = (path: string, reference: string | undefined) => Promise<readonly Image[]>;

const kinds: ReadonlyMap<string, OpenAt> = new Map<string, OpenAt>([
  ['oci', async (path, reference) => openOciLayout(directoryFiles(path), reference)],
  ['oci-archive', async (path, reference) => openOciLayout(await tarFiles(path), reference)],
  ['docker-archive', async (path, reference) => openDockerArchive(await tarFiles(path), reference)],
  ['dir', async (path) => [await openRootDirectory(path)]],
]);

/** Whether the text begins with a kind of target, whatever comes behind. */
export function isTarget(text: string): boolean {
  return kinds.has(text.slice(0, Math.max(0, text.indexOf(':'))));
}

/**
 * The images that a text names: `oci:<directory>[:<name>]`, `oci-archive:<tar>[:<name>]`, `docker-archive:<tar>[:<name>]`
 * or `dir:<root file system>`. Nothing is read before `open()`. Throws `TargetUnknownError` for another kind.
 */
export function openTarget(text: string): ImageSource {
  const colon = text.indexOf(':');
  const openAt = kinds.get(text.slice(0, Math.max(0, colon)));
  const place = text.slice(colon + 1);
  if (openAt === undefined || place === '') {
    throw new TargetUnknownError(
      `Cannot open "${text}": a target must be <kind>:<path> with kind ${[...kinds.keys()].join(', ')}`,
    );
  }
  return {
    open: async () => {
      const { path, reference } = await splitPlace(place);
      try {
        return await openAt(path, reference);
      } catch (error) {
        throw asUnreadable(path, error);
      }
    },
    close: async () => undefined,
  };
}

/** Paths may hold colons too: the longest one that exists is the path, the rest a name in it. */
async function splitPlace(place: string): Promise<{ path: string; reference: string | undefined }> {
  for (let end = place.length; end > 0; end = place.lastIndexOf(':', end - 1)) {
    const path = place.slice(0, end);
    const reference = end === place.length ? undefined : place.slice(end + 1);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) return { path, reference };
  }
  throw new ImageUnreadableError('not-found', `Cannot open "${place}": there must be a file or directory`);
}

function asUnreadable(path: string, error: unknown): unknown {
  if (error instanceof DigestMismatchError || error instanceof ArchiveError) {
    return new ImageUnreadableError('invalid', error.message, { cause: error });
  }
  if (error instanceof TooManyBytesError)
    return new ImageUnreadableError('limit', error.message, { cause: error });
  if (error instanceof Error && 'syscall' in error) {
    return new ImageUnreadableError('not-found', `Cannot open "${path}": ${error.message}`, { cause: error });
  }
  return error;
}
