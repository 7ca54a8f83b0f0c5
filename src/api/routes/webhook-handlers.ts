import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { webhookOperations } from '../contract/operations/webhook-operations.ts';
import {
  addWebhook,
  alterWebhook,
  dropWebhook,
  pageOfDeliveries,
  pageOfWebhooks,
  sendAgain,
  tryWebhook,
} from '../webhook-changes.ts';

/** Webhooks of a namespace and of the registry: the same, looked for in one place or the other. */
export function webhookHandlers(dependencies: ApiDependencies): HandlersOf<keyof typeof webhookOperations> {
  return {
    listWebhooks: async (call) => await pageOfWebhooks(dependencies, call, call.query),
    createWebhook: async (call) => await addWebhook(dependencies, call, call.body),
    changeWebhook: async (call) =>
      await alterWebhook(dependencies, call, { id: call.params.id, body: call.body }),
    deleteWebhook: async (call) => {
      await dropWebhook(dependencies, call, call.params.id);
      return undefined;
    },
    testWebhook: async (call) =>
      await tryWebhook(dependencies, call, { id: call.params.id, signal: call.signal }),
    listWebhookDeliveries: async (call) =>
      await pageOfDeliveries(dependencies, call, { id: call.params.id, query: call.query }),
    redeliverWebhook: async (call) => await sendAgain(dependencies, call, call.params),

    listRegistryWebhooks: async (call) => await pageOfWebhooks(dependencies, call, call.query),
    createRegistryWebhook: async (call) => await addWebhook(dependencies, call, call.body),
    changeRegistryWebhook: async (call) =>
      await alterWebhook(dependencies, call, { id: call.params.id, body: call.body }),
    deleteRegistryWebhook: async (call) => {
      await dropWebhook(dependencies, call, call.params.id);
      return undefined;
    },
    testRegistryWebhook: async (call) =>
      await tryWebhook(dependencies, call, { id: call.params.id, signal: call.signal }),
    listRegistryWebhookDeliveries: async (call) =>
      await pageOfDeliveries(dependencies, call, { id: call.params.id, query: call.query }),
    redeliverRegistryWebhook: async (call) => await sendAgain(dependencies, call, call.params),
  };
}
