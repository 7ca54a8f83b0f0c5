import { Group, Switch } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Webhook } from '../../api/answers.ts';
import { useChangeWebhook, useDeleteWebhook, useWebhooks, type WebhookHome } from '../../api/webhooks.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { Dash } from '../../parts/dash.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { FailedMark } from '../../parts/failed-mark.tsx';
import { RowAction } from '../../parts/row-action.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';
import { WholeTable } from '../../parts/whole-table.tsx';
import { WebhookDeliveries } from './webhook-deliveries.tsx';
import { ChangeWebhook } from './webhook-form.tsx';
import { destinationInWords, givenUpInWords, webhookFormats, webhookInWords } from './webhook-words.ts';

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
  readonly what: 'change' | 'deletion';
}

function columnsOf(options: {
  home: WebhookHome;
  mayChange: boolean;
  onShow: (shown: Shown) => void;
  onDeliveries: (id: number) => void;
}): readonly Column<Webhook>[] {
  const { home, mayChange, onShow, onDeliveries } = options;
  return [
    {
      id: 'enabled',
      label: 'Enabled',
      cell: (webhook) => {
        if (mayChange) return <EnabledSwitch home={home} webhook={webhook} />;
        return webhook.enabled ? 'Yes' : 'No';
      },
    },
    { id: 'name', label: 'Target', cell: ({ name }) => <span className="pq-nowrap">{name}</span> },
    {
      id: 'format',
      label: 'Told by',
      cell: ({ format }) => webhookFormats.find(({ value }) => value === format)?.label ?? format,
    },
    {
      id: 'destination',
      label: 'Goes to',
      cell: (webhook) => (
        <span className="pq-mono" title={destinationInWords(webhook)}>
          {destinationInWords(webhook, 2)}
        </span>
      ),
    },
    {
      id: 'failed',
      label: 'Deliveries',
      cell: ({ failedDeliveries }) =>
        failedDeliveries > 0 ? <FailedMark>{givenUpInWords(failedDeliveries)}</FailedMark> : <Dash />,
    },
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
          <RowAction label="Deliveries" of={name} onClick={() => onDeliveries(id)} />
          {mayChange && <RowAction label="Change" of={name} onClick={() => onShow({ id, what: 'change' })} />}
          {mayChange && (
            <RowAction label="Delete" of={name} onClick={() => onShow({ id, what: 'deletion' })} />
          )}
        </Group>
      ),
    },
  ];
}

/** Who is told of what happens in a namespace or the registry; their deliveries are open while the address says `deliveries=…`. */
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
  const webhookOf = (wanted: number | undefined) => webhooks.data?.items.find(({ id }) => id === wanted);
  const webhook = webhookOf(shown?.id);
  const state = useSearchState();
  const open = webhookOf(Number(state.get('deliveries')));
  const onDeliveries = (id: number) => state.set({ deliveries: String(id) }, { keepPage: true });
  return (
    <>
      <WholeTable
        name="Targets"
        list={webhooks}
        columns={columnsOf({ home, mayChange, onShow: setShown, onDeliveries })}
        rowKey={({ id }) => String(id)}
        empty={empty}
      />
      {open !== undefined && (
        <WebhookDeliveries
          home={home}
          webhook={open}
          mayChange={mayChange}
          onClose={() => state.set({ deliveries: undefined }, { keepPage: true })}
        />
      )}
      {webhook !== undefined && shown?.what === 'change' && (
        <ChangeWebhook home={home} webhook={webhook} onClose={close} />
      )}
      <ConfirmDialog
        opened={shown?.what === 'deletion'}
        title={`Delete ${webhook?.name ?? ''}?`}
        confirmLabel="Delete target"
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
