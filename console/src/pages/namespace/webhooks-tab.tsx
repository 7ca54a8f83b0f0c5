import { Group } from '@mantine/core';
import type { Namespace } from '../../api/answers.ts';
import { CreateButton } from '../../parts/create-button.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { CreateWebhook } from '../webhooks/webhook-form.tsx';
import { WebhookList } from '../webhooks/webhook-list.tsx';
import './policy.css';

/** Where this namespace's notifications go. */
export function WebhooksTab({ namespace: { name, role } }: { namespace: Namespace }) {
  return (
    <div className="pq-policy-main">
      {role === 'admin' && (
        <Group>
          <CreateButton label="Add target">
            {(dialog) => <CreateWebhook home={name} {...dialog} />}
          </CreateButton>
        </Group>
      )}
      <WebhookList
        home={name}
        mayChange={role === 'admin'}
        empty={
          <EmptyNote title="Nobody is told of anything yet">
            A target gets a mail, a message in a chat or a webhook of what happens here: refused pulls, and
            what is new in images.
          </EmptyNote>
        }
      />
    </div>
  );
}
