import { Button, Drawer, Group, Stack, Text } from '@mantine/core';
import type { Webhook, WebhookDelivery } from '../../api/answers.ts';
import { useDeliveries, useRedeliver, useTestWebhook, type WebhookHome } from '../../api/webhooks.ts';
import { counted } from '../../parts/counted.ts';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { FailedMark } from '../../parts/failed-mark.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { RowAction } from '../../parts/row-action.tsx';
import { UnsureMark } from '../../parts/unsure-mark.tsx';
import { WholeTable } from '../../parts/whole-table.tsx';
import { kindInWords } from './webhook-words.ts';

function DeliveryState({ delivery }: { delivery: WebhookDelivery }) {
  const { state, attempts, nextAttemptAt } = delivery;
  if (state === 'delivered') return <span>Delivered</span>;
  if (state === 'failed') return <FailedMark>Given up after {counted(attempts, 'attempts')}</FailedMark>;
  if (attempts === 0) return <span>On its way</span>;
  return (
    <UnsureMark>
      Failed {attempts} times, again <RelativeTime at={nextAttemptAt} />
    </UnsureMark>
  );
}

function columnsOf(
  mayChange: boolean,
  onRedeliver: (delivery: WebhookDelivery) => void,
): readonly Column<WebhookDelivery>[] {
  return [
    { id: 'at', label: 'When', cell: ({ createdAt }) => <RelativeTime at={createdAt} /> },
    {
      id: 'kind',
      label: 'What',
      grow: true,
      cell: ({ kind, title }) => <span title={`${kindInWords(kind)}: ${title}`}>{title}</span>,
    },
    { id: 'state', label: 'State', cell: (delivery) => <DeliveryState delivery={delivery} /> },
    {
      id: 'reason',
      label: 'Why',
      grow: true,
      cell: ({ error, status }) =>
        error === null ? (
          <span className="pq-dim">{status === null ? '—' : `Answered ${status}`}</span>
        ) : (
          <span title={error}>{error}</span>
        ),
    },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (delivery) =>
        mayChange &&
        delivery.state !== 'waiting' && (
          <RowAction label="Send again" of={delivery.eventId} onClick={() => onRedeliver(delivery)} />
        ),
    },
  ];
}

/** The last deliveries of one webhook: what was given up and why, a test, and sending again. */
export function WebhookDeliveries({
  home,
  webhook,
  mayChange,
  onClose,
}: {
  home: WebhookHome;
  webhook: Webhook;
  mayChange: boolean;
  onClose: () => void;
}) {
  const deliveries = useDeliveries(home, webhook.id);
  const test = useTestWebhook(home);
  const again = useRedeliver(home, webhook.id);
  const error = test.error ?? again.error;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={860}
      overlayProps={{ backgroundOpacity: 0.25 }}
      transitionProps={{ duration: 120 }}
      title={
        <Text component="span" fz={18} fw={600}>
          Deliveries to {webhook.name}
        </Text>
      }
      closeButtonProps={{ 'aria-label': 'Close deliveries' }}
    >
      <Stack gap="md">
        {mayChange && (
          <Group>
            <Button variant="default" loading={test.isPending} onClick={() => test.mutate(webhook.id)}>
              Send a test
            </Button>
          </Group>
        )}
        {error !== null && <ErrorNote error={error} />}
        <WholeTable
          name="Deliveries"
          list={deliveries}
          columns={columnsOf(mayChange, ({ id }) => again.mutate(id))}
          rowKey={({ id }) => String(id)}
          empty={
            <EmptyNote title="Nothing was sent yet">
              Each event that it asks for stands here, with the reason when it could not be delivered.
            </EmptyNote>
          }
        />
      </Stack>
    </Drawer>
  );
}
