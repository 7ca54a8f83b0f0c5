import { ActionIcon, Button, Group, Switch } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useState } from 'react';
import type { Namespace, SeverityChoice } from '../../api/answers.ts';
import { useChangeNamespace } from '../../api/namespaces.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { severitySources, sourceWords } from '../../parts/severity-sources.ts';

const choices: readonly SeverityChoice[] = [...severitySources, 'highest'];

/** The order with the source one place further up or down. */
function moved(order: readonly SeverityChoice[], source: SeverityChoice, by: -1 | 1): SeverityChoice[] {
  const from = order.indexOf(source);
  const rest = order.filter((one) => one !== source);
  return [...rest.slice(0, from + by), source, ...rest.slice(from + by)];
}

function SourceRow({
  source,
  order,
  disabled,
  onChange,
}: {
  source: SeverityChoice;
  order: readonly SeverityChoice[];
  disabled: boolean;
  onChange: (order: SeverityChoice[]) => void;
}) {
  const place = order.indexOf(source);
  const counts = place >= 0;
  const name = sourceWords[source];
  return (
    <Group component="li" gap="sm" wrap="nowrap">
      <Switch
        size="xs"
        label={name}
        checked={counts}
        disabled={disabled || (counts && order.length === 1)}
        onChange={() => onChange(counts ? order.filter((one) => one !== source) : [...order, source])}
        style={{ flex: 1 }}
      />
      <ActionIcon
        variant="transparent"
        aria-label={`Before: ${name}`}
        disabled={disabled || place <= 0}
        onClick={() => onChange(moved(order, source, -1))}
      >
        <IconArrowUp size={15} />
      </ActionIcon>
      <ActionIcon
        variant="transparent"
        aria-label={`After: ${name}`}
        disabled={disabled || !counts || place === order.length - 1}
        onClick={() => onChange(moved(order, source, 1))}
      >
        <IconArrowDown size={15} />
      </ActionIcon>
    </Group>
  );
}

/** Whose rating of a vulnerability counts first: sources in order, with those that do not count behind. */
export function SeverityOrderForm({ namespace }: { namespace: Namespace }) {
  const change = useChangeNamespace(namespace.name);
  const [draft, setDraft] = useState<SeverityChoice[]>();
  const order = draft ?? namespace.severityOrder;
  const isAdmin = namespace.role === 'admin';
  const shown = [...order, ...choices.filter((choice) => !order.includes(choice))];
  const save = (severityOrder: SeverityChoice[] | null) =>
    change.mutate({ severityOrder }, { onSuccess: () => setDraft(undefined) });
  return (
    <section className="pq-panel pq-policy-panel" aria-label="Severity">
      <div>
        <h2>Severity</h2>
        Whose rating of a vulnerability counts: the first of these that gives one.
        <div className="pq-dim">Acts on pulls at once, and on lists within seconds.</div>
      </div>
      <ol style={{ margin: 0, padding: 0, listStyle: 'none' }}>
        {shown.map((source) => (
          <SourceRow
            key={source}
            source={source}
            order={order}
            disabled={!isAdmin || change.isPending}
            onChange={setDraft}
          />
        ))}
      </ol>
      {change.error !== null && <ErrorNote error={change.error} />}
      {isAdmin && (
        <Group gap="sm">
          <Button
            variant="default"
            disabled={draft === undefined}
            loading={change.isPending}
            onClick={() => save([...order])}
          >
            Save order
          </Button>
          <Button
            variant="subtle"
            disabled={order.join() === severitySources.join()}
            onClick={() => save(null)}
          >
            Use the default
          </Button>
        </Group>
      )}
    </section>
  );
}
