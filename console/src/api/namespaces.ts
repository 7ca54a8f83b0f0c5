import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { PolicyChange, SeverityChoice } from './answers.ts';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';

/** Namespaces the caller may see, at most 200, with those whose name contains `q`. */
export function useNamespaces(query: { q?: string; cursor?: string; limit?: number }) {
  const api = useApi();
  return useQuery({
    queryKey: ['namespaces', query],
    queryFn: ({ signal }) => answerOf(api.client.GET('/namespaces', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
}

export function useNamespace(namespace: string) {
  const api = useApi();
  return useQuery({
    queryKey: ['namespace', namespace],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/namespaces/{namespace}', { params: { path: { namespace } }, signal })),
    refetchInterval: 15_000,
  });
}

/** Whether the caller may change the namespace's allowlist; false until it is known. */
export function useMayAllow(namespace: string): boolean {
  const role = useNamespace(namespace).data?.role;
  return role === 'admin' || role === 'auditor';
}

/** Whether the caller may push into the namespace; false until it is known. */
export function useMayPush(namespace: string): boolean {
  const role = useNamespace(namespace).data?.role;
  return role === 'admin' || role === 'maintainer' || role === 'developer';
}

function useRefresh() {
  const queries = useQueryClient();
  return async () => {
    const stale = ['namespaces', 'namespace', 'images', 'policy-preview', 'events'];
    await Promise.all(stale.map((key) => queries.invalidateQueries({ queryKey: [key] })));
  };
}

export function useCreateNamespace() {
  const api = useApi();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (body: { name: string; autoScan: boolean; public: boolean }) =>
      answerOf(api.client.POST('/namespaces', { body })),
    onSuccess: refresh,
  });
}

export function useChangeNamespace(namespace: string) {
  const api = useApi();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (body: {
      autoScan?: boolean;
      public?: boolean;
      policy?: PolicyChange;
      quotaBytes?: number | null;
      /** Null: the default order. */
      severityOrder?: SeverityChoice[] | null;
    }) => answerOf(api.client.PATCH('/namespaces/{namespace}', { params: { path: { namespace } }, body })),
    onSuccess: refresh,
  });
}

export function useDeleteNamespace(namespace: string) {
  const api = useApi();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: () =>
      answerOf(api.client.DELETE('/namespaces/{namespace}', { params: { path: { namespace } } })),
    onSuccess: refresh,
  });
}

/** What `policy`, laid over the stored one, would do to the images that are here now. */
export function usePolicyPreview(options: { namespace: string; policy: PolicyChange; enabled?: boolean }) {
  const api = useApi();
  const { namespace, policy, enabled = true } = options;
  return useQuery({
    queryKey: ['policy-preview', namespace, policy],
    enabled,
    queryFn: ({ signal }) =>
      answerOf(
        api.client.POST('/namespaces/{namespace}/policy-preview', {
          params: { path: { namespace } },
          body: { policy },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
}

interface EventFilters {
  readonly kind?: string;
  readonly actor?: string;
  readonly subject?: string;
  readonly cursor?: string;
}

/** Of a namespace, or of the whole registry. */
export function useEvents(namespace: string | undefined, query: EventFilters) {
  const api = useApi();
  return useQuery({
    queryKey: ['events', namespace ?? null, query],
    queryFn: ({ signal }) =>
      namespace === undefined
        ? answerOf(api.client.GET('/events', { params: { query }, signal }))
        : answerOf(
            api.client.GET('/namespaces/{namespace}/events', {
              params: { path: { namespace }, query },
              signal,
            }),
          ),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
}
