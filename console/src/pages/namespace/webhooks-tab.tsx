import { Button, Group } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { Namespace } from '../../api/answers.ts';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { CreateWebhook } from '../webhooks/webhook-form.tsx';
import { WebhookList } from '../webhooks/webhook-list.tsx';
import './policy.css';

/** Where this namespace's notifications go. */
export function WebhooksTab({ namespace: { name, role } }: { namespace: Namespace }) {
  const [creating, setCreating] = useState(false);
  return (
    <div className="pq-policy-main">
      {role === 'admin' && (
        <Group>
          <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
            Add target
          </Button>
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
      <CreateWebhook home={name} opened={creating} onClose={() => setCreating(false)} />
    </div>
  );
}
