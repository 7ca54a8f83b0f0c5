import type { ImageQuery } from '../../api/images.ts';
import { useImages } from '../../api/images.ts';
import { totalInWords } from '../../parts/total-in-words.ts';

export interface ImageCount {
  readonly total: number;
  readonly words: string;
  /** Some were judged for all: none need not mean none. */
  readonly isEstimate: boolean;
}

/** How many images match; undefined while loading. */
export function useImageCount(query: ImageQuery): ImageCount | undefined {
  const page = useImages({ ...query, limit: 1 }).data;
  if (page === undefined) return undefined;
  return { total: page.total, words: totalInWords(page), isEstimate: page.totalIsEstimate === true };
}
