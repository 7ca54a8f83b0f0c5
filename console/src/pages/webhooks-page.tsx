import { PageHead } from '../layout/page-head.tsx';
import { CreateButton } from '../parts/create-button.tsx';
import { EmptyNote } from '../parts/empty-note.tsx';
import { CreateWebhook } from './webhooks/webhook-form.tsx';
import { WebhookList } from './webhooks/webhook-list.tsx';

/** Where notifications of every namespace go. */
export function WebhooksPage() {
  return (
    <>
      <PageHead
        title="Notifications of the registry"
        actions={
          <CreateButton label="Add target">
            {(dialog) => <CreateWebhook home={null} {...dialog} />}
          </CreateButton>
        }
      />
      <WebhookList
        home={null}
        mayChange
        empty={
          <EmptyNote title="Nobody is told of the whole registry yet">
            A target here is told what happens in every namespace, by mail, in a chat or as a webhook. One for
            a single namespace is added in that namespace.
          </EmptyNote>
        }
      />
    </>
  );
}
