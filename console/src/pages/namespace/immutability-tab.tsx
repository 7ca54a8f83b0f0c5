import { Button, Switch } from '@mantine/core';
import { useState } from 'react';
import type { ImmutabilityRule, Namespace } from '../../api/answers.ts';
import {
  useDeleteImmutabilityRule,
  useImmutabilityRules,
  useSwitchImmutabilityRule,
} from '../../api/immutability-rules.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { AddImmutabilityRule } from './add-immutability-rule.tsx';
import { ruleInWords } from './rule-in-words.ts';

function RuleSwitch({
  namespace,
  rule,
  disabled,
}: {
  namespace: string;
  rule: ImmutabilityRule;
  disabled: boolean;
}) {
  const change = useSwitchImmutabilityRule(namespace);
  return (
    <Switch
      size="xs"
      aria-label={`Rule ${ruleInWords(rule)} is enabled`}
      checked={rule.enabled}
      disabled={disabled || change.isPending}
      onChange={(event) => change.mutate({ id: rule.id, enabled: event.currentTarget.checked })}
    />
  );
}

function columnsOf(
  namespace: Namespace,
  onDelete: (rule: ImmutabilityRule) => void,
): readonly Column<ImmutabilityRule>[] {
  const mayChange = namespace.role === 'admin';
  return [
    {
      id: 'enabled',
      label: 'Enabled',
      cell: (rule) => <RuleSwitch namespace={namespace.name} rule={rule} disabled={!mayChange} />,
    },
    { id: 'rule', label: 'These tags cannot be moved', grow: true, cell: ruleInWords },
    { id: 'delete', label: 'May be deleted', cell: (rule) => (rule.allowDelete ? 'Yes' : 'No') },
    { id: 'by', label: 'By', cell: (rule) => rule.createdBy },
    { id: 'created', label: 'Created', align: 'right', cell: (rule) => <RelativeTime at={rule.createdAt} /> },
    {
      id: 'actions',
      label: 'Actions',
      head: '',
      align: 'right',
      cell: (rule) =>
        mayChange && (
          <Button variant="default" size="compact-xs" onClick={() => onDelete(rule)}>
            Delete rule
          </Button>
        ),
    },
  ];
}

/** Rules that keep tags from being moved. */
export function ImmutabilityTab({ namespace }: { namespace: Namespace }) {
  const rules = useImmutabilityRules(namespace.name);
  const remove = useDeleteImmutabilityRule(namespace.name);
  const [removed, setRemoved] = useState<ImmutabilityRule | undefined>(undefined);
  if (rules.error !== null && rules.data === undefined) {
    return <ErrorNote error={rules.error} onRetry={() => void rules.refetch()} />;
  }
  return (
    <div className="pq-policy-main">
      {namespace.role === 'admin' && <AddImmutabilityRule namespace={namespace.name} />}
      <section className="pq-panel" aria-label="Immutability rules">
        <DataTable
          name="Immutability rules"
          columns={columnsOf(namespace, setRemoved)}
          rows={rules.data?.items}
          rowKey={(rule) => String(rule.id)}
          empty={
            <EmptyNote title="Every tag can be moved">
              A rule makes tags immutable: a push of another image over one is answered with 409.
            </EmptyNote>
          }
        />
      </section>
      <ConfirmDialog
        opened={removed !== undefined}
        title="Delete this rule?"
        confirmLabel="Delete rule"
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setRemoved(undefined)}
        onConfirm={() =>
          removed !== undefined && remove.mutate(removed.id, { onSuccess: () => setRemoved(undefined) })
        }
      >
        {removed === undefined ? '' : `${ruleInWords(removed)}: these tags can be moved again at once.`}
      </ConfirmDialog>
    </div>
  );
}
