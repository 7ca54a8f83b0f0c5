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
            Create webhook
          </Button>
        </Group>
      )}
      <WebhookList
        home={name}
        mayChange={role === 'admin'}
        empty={
          <EmptyNote title="Nobody is told of anything yet">
            A webhook tells a chat or a program what happens here: refused pulls, and what is new in images.
          </EmptyNote>
        }
      />
      <CreateWebhook home={name} opened={creating} onClose={() => setCreating(false)} />
    </div>
  );
}
