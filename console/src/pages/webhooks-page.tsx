import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { PageHead } from '../layout/page-head.tsx';
import { EmptyNote } from '../parts/empty-note.tsx';
import { CreateWebhook } from './webhooks/webhook-form.tsx';
import { WebhookList } from './webhooks/webhook-list.tsx';

/** Where notifications of every namespace go. */
export function WebhooksPage() {
  const [creating, setCreating] = useState(false);
  const create = (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
      Add target
    </Button>
  );
  return (
    <>
      <PageHead title="Notifications of the registry" actions={create} />
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
      <CreateWebhook home={null} opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}
