import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';
import type { paths } from './schema.ts';

type QueryOf<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Query } } }
  ? NonNullable<Query>
  : never;

type HeldPackageQuery = QueryOf<'/packages'>;
type OpenVulnerabilityQuery = QueryOf<'/vulnerabilities'>;
type ComparedFindingQuery = QueryOf<'/images/{id}/comparison/findings'>;
type ComparedPackageQuery = QueryOf<'/images/{id}/comparison/packages'>;

/** What a search comes to; nothing is asked without a text. */
export function useSearch(text: string | undefined) {
  const api = useApi();
  return useQuery({
    queryKey: ['search', text],
    enabled: text !== undefined,
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/search', { params: { query: { q: text ?? '' } }, signal })),
    retry: false,
  });
}

export function useHeldPackages(query: HeldPackageQuery) {
  const api = useApi();
  return useQuery({
    queryKey: ['search', 'packages', query],
    queryFn: ({ signal }) => answerOf(api.client.GET('/packages', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export function useOpenVulnerabilities(query: OpenVulnerabilityQuery) {
  const api = useApi();
  return useQuery({
    queryKey: ['vulnerabilities', query],
    queryFn: ({ signal }) => answerOf(api.client.GET('/vulnerabilities', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** `earlier`: absent, the image that was pushed to the repository before. */
export function useComparison(id: number, earlier: number | undefined) {
  const api = useApi();
  const query = earlier === undefined ? {} : { with: earlier };
  return useQuery({
    queryKey: ['images', id, 'comparison', earlier],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/images/{id}/comparison', { params: { path: { id }, query }, signal })),
    retry: false,
  });
}

export function useComparedFindings(id: number, query: ComparedFindingQuery) {
  const api = useApi();
  return useQuery({
    queryKey: ['images', id, 'comparison', 'findings', query],
    queryFn: ({ signal }) =>
      answerOf(
        api.client.GET('/images/{id}/comparison/findings', { params: { path: { id }, query }, signal }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function useComparedPackages(id: number, query: ComparedPackageQuery) {
  const api = useApi();
  return useQuery({
    queryKey: ['images', id, 'comparison', 'packages', query],
    queryFn: ({ signal }) =>
      answerOf(
        api.client.GET('/images/{id}/comparison/packages', { params: { path: { id }, query }, signal }),
      ),
    placeholderData: keepPreviousData,
  });
}
