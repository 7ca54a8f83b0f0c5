import { Button, Group, Switch } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { Namespace } from '../../api/answers.ts';
import { useChangeNamespace, useDeleteNamespace } from '../../api/namespaces.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';

function DeleteNamespace({ namespace }: { namespace: Namespace }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteNamespace(namespace.name);
  const navigate = useNavigate();
  const isHolding = namespace.imageCount > 0;
  return (
    <>
      <Group gap="sm">
        <Button
          variant="default"
          disabled={isHolding}
          {...(!isHolding && { c: 'var(--pq-critical)' })}
          onClick={() => setAsking(true)}
        >
          Delete namespace
        </Button>
        {isHolding && <span className="pq-dim">Only when it holds no images any more.</span>}
      </Group>
      <ConfirmDialog
        opened={asking}
        title={`Delete ${namespace.name}?`}
        confirmLabel="Delete namespace"
        typedName={namespace.name}
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate(undefined, { onSuccess: () => void navigate('/namespaces') })}
      >
        Its policy, allowlist, immutability rules and members go with it. It cannot be undone.
      </ConfirmDialog>
    </>
  );
}

/** Switches that act at once. */
export function NamespaceSettings({ namespace }: { namespace: Namespace }) {
  const change = useChangeNamespace(namespace.name);
  const disabled = namespace.role !== 'admin' || change.isPending;
  return (
    <section className="pq-panel pq-policy-panel" aria-label="Settings">
      <Switch
        label="Scan images as they are pushed"
        description="Acts at once"
        checked={namespace.autoScan}
        disabled={disabled}
        onChange={(event) => change.mutate({ autoScan: event.currentTarget.checked })}
      />
      <Switch
        label="Everybody may pull, without signing in"
        description="Acts at once; what the policy refuses stays refused"
        checked={namespace.public}
        disabled={disabled}
        onChange={(event) => change.mutate({ public: event.currentTarget.checked })}
      />
      {change.error !== null && <ErrorNote error={change.error} />}
      {namespace.role === 'admin' && <DeleteNamespace namespace={namespace} />}
    </section>
  );
}
