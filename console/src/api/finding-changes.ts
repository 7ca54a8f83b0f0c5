import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';
import type { paths } from './schema.ts';

type FindingChangeQuery = NonNullable<paths['/images/{id}/finding-changes']['get']['parameters']['query']>;

/** What judging again made different for an image; `revision` is part of the key, as it is for findings. */
export function useFindingChanges(options: { id: number; query: FindingChangeQuery; revision: string }) {
  const api = useApi();
  const { id, query, revision } = options;
  return useQuery({
    queryKey: ['images', id, 'finding-changes', revision, query],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/images/{id}/finding-changes', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}
