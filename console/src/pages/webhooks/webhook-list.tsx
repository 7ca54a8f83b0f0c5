import { Group, Switch } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Webhook } from '../../api/answers.ts';
import { useChangeWebhook, useDeleteWebhook, useWebhooks, type WebhookHome } from '../../api/webhooks.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { RowAction } from '../../parts/row-action.tsx';
import { WholeTable } from '../../parts/whole-table.tsx';
import { WebhookDeliveries } from './webhook-deliveries.tsx';
import { ChangeWebhook } from './webhook-form.tsx';
import { webhookFormats, webhookInWords } from './webhook-words.ts';

function EnabledSwitch({ home, webhook }: { home: WebhookHome; webhook: Webhook }) {
  const change = useChangeWebhook(home);
  return (
    <Switch
      size="xs"
      aria-label={`${webhook.name} is enabled`}
      checked={webhook.enabled}
      disabled={change.isPending}
      onChange={(event) => change.mutate({ id: webhook.id, enabled: event.currentTarget.checked })}
    />
  );
}

interface Shown {
  readonly id: number;
  readonly what: 'deliveries' | 'change' | 'deletion';
}

function columnsOf(options: {
  home: WebhookHome;
  mayChange: boolean;
  onShow: (shown: Shown) => void;
}): readonly Column<Webhook>[] {
  const { home, mayChange, onShow } = options;
  return [
    {
      id: 'enabled',
      label: 'Enabled',
      cell: (webhook) => {
        if (mayChange) return <EnabledSwitch home={home} webhook={webhook} />;
        return webhook.enabled ? 'Yes' : 'No';
      },
    },
    { id: 'name', label: 'Webhook', cell: ({ name }) => <span className="pq-nowrap">{name}</span> },
    {
      id: 'format',
      label: 'Format',
      cell: ({ format }) => webhookFormats.find(({ value }) => value === format)?.label ?? format,
    },
    { id: 'origin', label: 'Goes to', cell: ({ origin }) => <span className="pq-mono">{origin}</span> },
    {
      id: 'asks',
      label: 'Is told when',
      grow: true,
      cell: (webhook) => <span title={webhookInWords(webhook)}>{webhookInWords(webhook)}</span>,
    },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: ({ id, name }) => (
        <Group gap={6} justify="flex-end" wrap="nowrap">
          <RowAction label="Deliveries" of={name} onClick={() => onShow({ id, what: 'deliveries' })} />
          {mayChange && <RowAction label="Change" of={name} onClick={() => onShow({ id, what: 'change' })} />}
          {mayChange && (
            <RowAction label="Delete" of={name} onClick={() => onShow({ id, what: 'deletion' })} />
          )}
        </Group>
      ),
    },
  ];
}

/** Webhooks of a namespace or the registry, with what became of their deliveries. */
export function WebhookList({
  home,
  mayChange,
  empty,
}: {
  home: WebhookHome;
  mayChange: boolean;
  empty: ReactNode;
}) {
  const webhooks = useWebhooks(home);
  const remove = useDeleteWebhook(home);
  const [shown, setShown] = useState<Shown | undefined>(undefined);
  const close = () => setShown(undefined);
  const webhook = webhooks.data?.items.find(({ id }) => id === shown?.id);
  return (
    <>
      <WholeTable
        name="Webhooks"
        list={webhooks}
        columns={columnsOf({ home, mayChange, onShow: setShown })}
        rowKey={({ id }) => String(id)}
        empty={empty}
      />
      {webhook !== undefined && shown?.what === 'deliveries' && (
        <WebhookDeliveries home={home} webhook={webhook} mayChange={mayChange} onClose={close} />
      )}
      {webhook !== undefined && shown?.what === 'change' && (
        <ChangeWebhook home={home} webhook={webhook} onClose={close} />
      )}
      <ConfirmDialog
        opened={shown?.what === 'deletion'}
        title={`Delete ${webhook?.name ?? ''}?`}
        confirmLabel="Delete webhook"
        pending={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => shown !== undefined && remove.mutate(shown.id, { onSuccess: close })}
      >
        Nothing more is sent to it, and the list of its deliveries is gone.
      </ConfirmDialog>
    </>
  );
}
