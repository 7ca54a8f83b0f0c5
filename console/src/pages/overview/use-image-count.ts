import type { ImageQuery } from '../../api/images.ts';
import { useImages } from '../../api/images.ts';

/** How many images match; undefined while loading. */
export function useImageCount(query: ImageQuery): number | undefined {
  return useImages({ ...query, limit: 1 }).data?.total;
}
