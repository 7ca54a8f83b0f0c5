import { Button, Switch } from '@mantine/core';
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
  const images = namespace.imageCount === 1 ? '1 image' : `${namespace.imageCount} images`;
  return (
    <>
      <Button
        variant="default"
        c="var(--pq-critical)"
        onClick={() => setAsking(true)}
        style={{ justifySelf: 'start' }}
      >
        Delete namespace
      </Button>
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
        This deletes {images} with all tags, the policy, the allowlist and the members. It cannot be undone.
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
