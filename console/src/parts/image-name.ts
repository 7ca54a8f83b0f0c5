import type { Image } from '../api/answers.ts';
import { shortDigest } from './digest-text.tsx';

/** `demo/app:1.0`, or with a short digest when no tag points at it. */
export function imageName(image: Pick<Image, 'namespace' | 'repository' | 'tags' | 'digest'>): string {
  const [tag] = image.tags;
  const path = `${image.namespace}/${image.repository}`;
  return tag === undefined ? `${path}@${shortDigest(image.digest)}` : `${path}:${tag}`;
}
