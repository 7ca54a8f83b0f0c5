import type { Image } from '../api/answers.ts';
import { totalOf } from './severity-order.ts';

/**
 * What may be said of an image in one word. `clean` means: everything was looked at, with data that is good for it,
 * and nothing was found. Whatever could not be looked at is `could-not-tell`, never `clean`.
 */
type Standing = 'clean' | 'findings' | 'could-not-tell' | 'scanning' | 'not-scanned' | 'not-applicable';

export function standingOf(
  image: Pick<Image, 'scan' | 'severity' | 'doubts' | 'kind' | 'malware'>,
): Standing {
  const { state } = image.scan;
  const { counts: malware, state: malwareState } = image.malware;
  const found =
    (image.severity === null ? 0 : totalOf(image.severity)) + (malware === null ? 0 : totalOf(malware));
  if (image.kind !== 'image' && image.severity === null) return 'not-applicable';
  if (state === 'queued' || state === 'scanning') return found > 0 ? 'findings' : 'scanning';
  if (found > 0) return 'findings';
  if (image.severity === null && (state === 'not-scanned' || state === 'cancelled')) return 'not-scanned';
  if (state === 'unsupported') return 'not-applicable';
  // Without an engine nobody was asked; one that was and could not tell leaves it open.
  if (malwareState === 'incomplete') return 'could-not-tell';
  if (state === 'scanned' && image.severity !== null && image.doubts.length === 0) return 'clean';
  return 'could-not-tell';
}
