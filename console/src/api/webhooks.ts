import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { WebhookChange, WebhookCreate } from './answers.ts';
import { type Api, answerOf } from './api.ts';
import { useApi } from './api-context.ts';

/** Where webhooks are kept: a namespace by name, or null for the registry. */
export type WebhookHome = string | null;

const queryKeyOf = (home: WebhookHome) => ['webhooks', home];

/** Asked for again now and then: deliveries are given up while one looks. */
export function useWebhooks(home: WebhookHome) {
  const api = useApi();
  return useQuery({
    queryKey: queryKeyOf(home),
    refetchInterval: 10_000,
    queryFn: ({ signal }) => {
      const query = { limit: 200 };
      if (home === null) return answerOf(api.client.GET('/webhooks', { params: { query }, signal }));
      const params = { path: { namespace: home }, query };
      return answerOf(api.client.GET('/namespaces/{namespace}/webhooks', { params, signal }));
    },
  });
}

/** The last deliveries of a webhook, asked for again while the dialog is open. */
export function useDeliveries(home: WebhookHome, id: number) {
  const api = useApi();
  return useQuery({
    queryKey: [...queryKeyOf(home), id, 'deliveries'],
    refetchInterval: 3_000,
    queryFn: ({ signal }) => {
      const query = { limit: 200 };
      if (home === null) {
        const params = { path: { id }, query };
        return answerOf(api.client.GET('/webhooks/{id}/deliveries', { params, signal }));
      }
      const params = { path: { namespace: home, id }, query };
      return answerOf(api.client.GET('/namespaces/{namespace}/webhooks/{id}/deliveries', { params, signal }));
    },
  });
}

/** A change of the webhooks of a home. Answers bear secrets: they must not stay in memory after the dialog. */
function useWebhookMutation<Wanted, Answer>(
  home: WebhookHome,
  change: (client: Api['client'], wanted: Wanted) => Promise<Answer>,
) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    gcTime: 0,
    mutationFn: (wanted: Wanted) => change(api.client, wanted),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeyOf(home) }),
  });
}

export function useCreateWebhook(home: WebhookHome) {
  return useWebhookMutation(home, (client, body: WebhookCreate) => {
    if (home === null) return answerOf(client.POST('/webhooks', { body }));
    return answerOf(
      client.POST('/namespaces/{namespace}/webhooks', { params: { path: { namespace: home } }, body }),
    );
  });
}

export function useChangeWebhook(home: WebhookHome) {
  return useWebhookMutation(home, (client, { id, ...body }: WebhookChange & { readonly id: number }) => {
    if (home === null) return answerOf(client.PATCH('/webhooks/{id}', { params: { path: { id } }, body }));
    const params = { path: { namespace: home, id } };
    return answerOf(client.PATCH('/namespaces/{namespace}/webhooks/{id}', { params, body }));
  });
}

export function useDeleteWebhook(home: WebhookHome) {
  return useWebhookMutation(home, (client, id: number) => {
    if (home === null) return answerOf(client.DELETE('/webhooks/{id}', { params: { path: { id } } }));
    const params = { path: { namespace: home, id } };
    return answerOf(client.DELETE('/namespaces/{namespace}/webhooks/{id}', { params }));
  });
}

export function useTestWebhook(home: WebhookHome) {
  return useWebhookMutation(home, (client, id: number) => {
    if (home === null) return answerOf(client.POST('/webhooks/{id}/test', { params: { path: { id } } }));
    const params = { path: { namespace: home, id } };
    return answerOf(client.POST('/namespaces/{namespace}/webhooks/{id}/test', { params }));
  });
}

export function useRedeliver(home: WebhookHome, id: number) {
  return useWebhookMutation(home, (client, delivery: number) => {
    if (home === null) {
      const params = { path: { id, delivery } };
      return answerOf(client.POST('/webhooks/{id}/deliveries/{delivery}/redeliver', { params }));
    }
    const params = { path: { namespace: home, id, delivery } };
    return answerOf(
      client.POST('/namespaces/{namespace}/webhooks/{id}/deliveries/{delivery}/redeliver', { params }),
    );
  });
}
