import { Button, Group, Switch } from '@mantine/core';
import { useState } from 'react';
import type { Namespace, Policy } from '../../api/answers.ts';
import { useChangeNamespace } from '../../api/namespaces.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { NamespaceQuota } from './namespace-quota.tsx';
import { NamespaceSettings } from './namespace-settings.tsx';
import { PolicyPreviewPanel } from './policy-preview-panel.tsx';
import { PolicySentence } from './policy-sentence.tsx';
import { SeverityOrderForm } from './severity-order-form.tsx';
import './policy.css';

function isSame(one: Policy, other: Policy): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function SaveRow({ namespace, draft, onDone }: { namespace: Namespace; draft: Policy; onDone: () => void }) {
  const change = useChangeNamespace(namespace.name);
  const changed = !isSame(draft, namespace.policy);
  return (
    <>
      {change.error !== null && <ErrorNote error={change.error} />}
      <Group gap="xs">
        <Button
          disabled={!changed}
          loading={change.isPending}
          onClick={() => change.mutate({ policy: draft }, { onSuccess: onDone })}
        >
          Save policy
        </Button>
        {changed && (
          <Button variant="default" onClick={onDone}>
            Discard changes
          </Button>
        )}
        <span className="pq-dim" role="status">
          {changed
            ? 'Not saved yet. It acts on the next pull after saving.'
            : 'Saved: this is what acts on pulls now.'}
        </span>
      </Group>
    </>
  );
}

/** Blocking as one sentence with editable parts, and beside it what it would do. */
export function PolicyTab({ namespace }: { namespace: Namespace }) {
  const [edited, setEdited] = useState<Policy | undefined>(undefined);
  const draft = edited ?? namespace.policy;
  const mayChange = namespace.role === 'admin';
  const on = draft.mode !== 'off';
  return (
    <div className="pq-policy">
      <div className="pq-policy-main">
        <section className="pq-panel pq-policy-panel" aria-label="Blocking">
          <Switch
            size="md"
            label="Blocking"
            description="Judge every pull from this namespace"
            checked={on}
            disabled={!mayChange}
            onChange={(event) =>
              setEdited({ ...draft, mode: event.currentTarget.checked ? 'enforce' : 'off' })
            }
          />
          {on ? (
            <PolicySentence policy={draft} disabled={!mayChange} onChange={setEdited} />
          ) : (
            <p className="pq-policy-off">Every image is served, whatever is found in it.</p>
          )}
          {mayChange ? (
            <SaveRow namespace={namespace} draft={draft} onDone={() => setEdited(undefined)} />
          ) : (
            <p className="pq-dim">Only an admin of this namespace can change its policy.</p>
          )}
        </section>
        <NamespaceSettings namespace={namespace} />
        <SeverityOrderForm namespace={namespace} />
        <NamespaceQuota namespace={namespace} />
      </div>
      <PolicyPreviewPanel namespace={namespace.name} policy={draft} />
    </div>
  );
}
