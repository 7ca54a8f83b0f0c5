import { Button, Checkbox, Group, Input, NativeSelect, Stack } from '@mantine/core';
import type { Webhook, WebhookCreate } from '../../api/answers.ts';
import { useChangeWebhook, useCreateWebhook, type WebhookHome } from '../../api/webhooks.ts';
import { type DialogProps, FormDialog } from '../../parts/form-dialog.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { SecretOnce } from '../../parts/secret-once.tsx';
import { useDialogValues } from '../../parts/use-form-values.ts';
import { oneOf } from '../../parts/use-search-state.ts';
import {
  type Destination,
  NewDestinationFields,
  recipientsOf,
  StandingDestinationFields,
} from './destination-fields.tsx';
import { type Kind, minSeverities, registryKinds, webhookKinds } from './webhook-words.ts';

interface Values extends Destination {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly minSeverity: string;
  readonly fixableOnly: boolean;
  readonly knownExploitedOnly: boolean;
}

const noValues: Values = {
  name: '',
  url: '',
  recipients: '',
  format: 'cloudevents',
  kinds: ['pull.blocked', 'findings.changed'],
  minSeverity: 'high',
  fixableOnly: false,
  knownExploitedOnly: false,
};

const requestFormats = ['cloudevents', 'slack', 'teams'] as const;
const severities = ['critical', 'high', 'medium', 'low', 'negligible'] as const;

function filterOf({ minSeverity, fixableOnly, knownExploitedOnly }: Values) {
  return { minSeverity: oneOf(minSeverity, severities) ?? null, fixableOnly, knownExploitedOnly };
}

/** The signing secret that was just made. It is shown only here. */
function SigningSecret(shown: { secret: string; onClose: () => void }) {
  return (
    <SecretOnce what="The signing secret" {...shown}>
      <div className="pq-dim">
        Receivers check the header webhook-signature with it, as the Standard Webhooks specification has it.
        Slack and Teams do not need it.
      </div>
    </SecretOnce>
  );
}

interface FieldsProps {
  home: WebhookHome;
  values: Values;
  set: (change: Partial<Values>) => void;
}

function KindFields({ home, values, set }: FieldsProps) {
  const options = home === null ? [...webhookKinds, ...registryKinds] : webhookKinds;
  const change = (kind: Kind, checked: boolean) =>
    set({ kinds: checked ? [...values.kinds, kind] : values.kinds.filter((one) => one !== kind) });
  return (
    <Stack gap={6} role="group" aria-label="Tell it when">
      <Input.Label component="div">Tell it when</Input.Label>
      {options.map(({ value, label }) => (
        <Checkbox
          key={value}
          size="xs"
          label={label}
          checked={values.kinds.includes(value)}
          onChange={(event) => change(value, event.currentTarget.checked)}
        />
      ))}
    </Stack>
  );
}

function FilterFields({ values, set }: FieldsProps) {
  return (
    <Stack gap={6} role="group" aria-label="Findings that count">
      <NativeSelect
        label="Of findings only"
        description="An unknown severity always counts"
        data={[...minSeverities]}
        value={values.minSeverity}
        onChange={(event) => set({ minSeverity: event.currentTarget.value })}
      />
      <Checkbox
        size="xs"
        label="With a fix"
        checked={values.fixableOnly}
        onChange={(event) => set({ fixableOnly: event.currentTarget.checked })}
      />
      <Checkbox
        size="xs"
        label="Known to be exploited"
        checked={values.knownExploitedOnly}
        onChange={(event) => set({ knownExploitedOnly: event.currentTarget.checked })}
      />
    </Stack>
  );
}

/** The form for a new target; the signing secret of a webhook is shown once. */
export function CreateWebhook({ home, opened, onClose }: DialogProps & { home: WebhookHome }) {
  const create = useCreateWebhook(home);
  const { values, set, close } = useDialogValues(noValues, { create, onClose });
  const secret = create.data?.secret;
  const submit = () => {
    const { name, url, format, kinds } = values;
    const common = { name: name.trim(), kinds: [...kinds], ...filterOf(values) };
    const wanted: WebhookCreate =
      format === 'email'
        ? { ...common, format, recipients: recipientsOf(values) }
        : { ...common, format: oneOf(format, requestFormats) ?? 'cloudevents', url: url.trim() };
    // Mail has no secret to show.
    create.mutate(wanted, { onSuccess: ({ secret }) => secret === null && close() });
  };
  return (
    <FormDialog
      opened={opened}
      title="Add a target"
      submitLabel="Add"
      pending={create.isPending}
      error={create.error}
      done={typeof secret === 'string' && <SigningSecret secret={secret} onClose={close} />}
      onSubmit={submit}
      onClose={close}
    >
      <NameField value={values.name} onChange={(name) => set({ name })} />
      <NewDestinationFields values={values} set={set} />
      <KindFields home={home} values={values} set={set} />
      <FilterFields home={home} values={values} set={set} />
    </FormDialog>
  );
}

/** Changes a target. */
export function ChangeWebhook({
  home,
  webhook,
  onClose,
}: {
  home: WebhookHome;
  webhook: Webhook;
  onClose: () => void;
}) {
  const change = useChangeWebhook(home);
  const { name, kinds, minSeverity, fixableOnly, knownExploitedOnly, format } = webhook;
  const standing = {
    name,
    url: '',
    recipients: webhook.recipients.join('\n'),
    format,
    kinds,
    minSeverity: minSeverity ?? '',
    fixableOnly,
    knownExploitedOnly,
  };
  const { values, set } = useDialogValues<Values>(standing, { create: change, onClose });
  const save = (more: { readonly newSecret?: true }) => {
    const url = values.url.trim();
    const destination =
      format === 'email'
        ? { recipients: recipientsOf(values) }
        : { format: oneOf(values.format, requestFormats) ?? format, ...(url !== '' && { url }) };
    const { id } = webhook;
    change.mutate(
      {
        id,
        name: values.name.trim(),
        kinds: [...values.kinds],
        ...filterOf(values),
        ...destination,
        ...more,
      },
      { onSuccess: ({ secret }) => secret === null && onClose() },
    );
  };
  const secret = change.data?.secret;
  return (
    <FormDialog
      opened
      title={`Change ${webhook.name}`}
      submitLabel="Save"
      pending={change.isPending}
      error={change.error}
      done={typeof secret === 'string' && <SigningSecret secret={secret} onClose={onClose} />}
      onSubmit={() => save({})}
      onClose={onClose}
    >
      <NameField value={values.name} onChange={(name) => set({ name })} />
      <StandingDestinationFields webhook={webhook} values={values} set={set} />
      <KindFields home={home} values={values} set={set} />
      <FilterFields home={home} values={values} set={set} />
      {format !== 'email' && (
        <Group>
          <Button variant="default" size="compact-xs" onClick={() => save({ newSecret: true })}>
            Save with a new signing secret
          </Button>
        </Group>
      )}
    </FormDialog>
  );
}
