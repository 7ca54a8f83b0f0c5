import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Image, SbomFormat } from './answers.ts';
import { answerOf } from './api.ts';
import { useApi } from './api-context.ts';
import type { paths } from './schema.ts';

export type ImageQuery = NonNullable<paths['/images']['get']['parameters']['query']>;
export type FindingQuery = NonNullable<paths['/images/{id}/findings']['get']['parameters']['query']>;
type SecretQuery = NonNullable<paths['/images/{id}/secrets']['get']['parameters']['query']>;
type MalwareQuery = NonNullable<paths['/images/{id}/malware']['get']['parameters']['query']>;
type PackageQuery = NonNullable<paths['/images/{id}/packages']['get']['parameters']['query']>;

const busyPollMs = 1500;
const idlePollMs = 5000;

export function isBusy(image: Pick<Image, 'scan'>): boolean {
  return image.scan.state === 'queued' || image.scan.state === 'scanning';
}

/** A page of images; asked again every 1.5 s while one of them is being scanned. */
export function useImages(query: ImageQuery) {
  const api = useApi();
  return useQuery({
    queryKey: ['images', query],
    queryFn: ({ signal }) => answerOf(api.client.GET('/images', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.items.some(isBusy) ? busyPollMs : idlePollMs),
  });
}

export function useImage(id: number) {
  const api = useApi();
  return useQuery({
    queryKey: ['images', id],
    queryFn: ({ signal }) => answerOf(api.client.GET('/images/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) =>
      state.data !== undefined && isBusy(state.data) ? busyPollMs : idlePollMs,
  });
}

/** `revision` is part of the key, so that a finished scan brings its findings. */
export function useFindings(options: { id: number; query: FindingQuery; revision: string }) {
  const api = useApi();
  const { id, query, revision } = options;
  return useQuery({
    queryKey: ['images', id, 'findings', revision, query],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/images/{id}/findings', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** `revision` is part of the key, as it is for findings. */
export function useSecrets(options: { id: number; query: SecretQuery; revision: string }) {
  const api = useApi();
  const { id, query, revision } = options;
  return useQuery({
    queryKey: ['images', id, 'secrets', revision, query],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/images/{id}/secrets', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** `revision` is part of the key, as it is for findings. */
export function useMalware(options: { id: number; query: MalwareQuery; revision: string }) {
  const api = useApi();
  const { id, query, revision } = options;
  return useQuery({
    queryKey: ['images', id, 'malware', revision, query],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/images/{id}/malware', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function usePackages(options: { id: number; query: PackageQuery }) {
  const api = useApi();
  const { id, query } = options;
  return useQuery({
    queryKey: ['images', id, 'packages', query],
    queryFn: ({ signal }) =>
      answerOf(api.client.GET('/images/{id}/packages', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useScanImage() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => answerOf(api.client.POST('/images/{id}/scan', { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['images'] }),
  });
}

/** Pushes the bill of materials as a referrer of the image; the same one again changes nothing. */
export function useAttachSbom(id: number) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (format: SbomFormat) =>
      answerOf(api.client.POST('/images/{id}/sbom', { params: { path: { id } }, body: { format } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['images'] }),
  });
}

export function useCancelScan() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) =>
      answerOf(api.client.DELETE('/images/{id}/scan', { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['images'] }),
  });
}

export function useDeleteTag() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ namespace, repository, tag }: { namespace: string; repository: string; tag: string }) =>
      answerOf(
        api.client.DELETE('/namespaces/{namespace}/tags', {
          params: { path: { namespace }, query: { repository, tag } },
        }),
      ),
    onSuccess: () =>
      Promise.all(
        ['images', 'namespace', 'namespaces', 'events'].map((key) =>
          queries.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  });
}
