import { Button, Checkbox, Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import type { Webhook, WebhookCreate } from '../../api/answers.ts';
import { useChangeWebhook, useCreateWebhook, type WebhookHome } from '../../api/webhooks.ts';
import { CommandLine } from '../../parts/command-line.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { useDialogValues } from '../../parts/use-form-values.ts';
import { oneOf } from '../../parts/use-search-state.ts';
import { type Kind, minSeverities, registryKinds, webhookFormats, webhookKinds } from './webhook-words.ts';

interface Values {
  readonly name: string;
  readonly url: string;
  readonly format: string;
  readonly kinds: readonly Kind[];
  readonly minSeverity: string;
  readonly fixableOnly: boolean;
  readonly knownExploitedOnly: boolean;
}

const noValues: Values = {
  name: '',
  url: '',
  format: 'cloudevents',
  kinds: ['pull.blocked', 'findings.changed'],
  minSeverity: 'high',
  fixableOnly: false,
  knownExploitedOnly: false,
};

const formats = ['cloudevents', 'slack', 'teams'] as const;
const severities = ['critical', 'high', 'medium', 'low', 'negligible'] as const;

function filterOf({ minSeverity, fixableOnly, knownExploitedOnly }: Values) {
  return { minSeverity: oneOf(minSeverity, severities) ?? null, fixableOnly, knownExploitedOnly };
}

/** The signing secret that was just made. It is shown only here. */
export function SigningSecret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Stack gap="md">
      <div>The signing secret, shown this once:</div>
      <CommandLine command={secret} />
      <div className="pq-dim">
        Receivers check the header webhook-signature with it, as the Standard Webhooks specification has it.
        Slack and Teams do not need it.
      </div>
      <Group justify="flex-end">
        <Button onClick={onClose}>I have kept it</Button>
      </Group>
    </Stack>
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
      <div>Tell it when</div>
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

/** The form for a new webhook; its signing secret is shown once. */
export function CreateWebhook({
  home,
  opened,
  onClose,
}: {
  home: WebhookHome;
  opened: boolean;
  onClose: () => void;
}) {
  const create = useCreateWebhook(home);
  const { values, set, close } = useDialogValues(noValues, { create, onClose });
  const secret = create.data?.secret;
  const submit = () => {
    const { name, url, format, kinds } = values;
    const wanted: WebhookCreate = {
      name: name.trim(),
      url: url.trim(),
      format: oneOf(format, formats) ?? 'cloudevents',
      kinds: [...kinds],
      ...filterOf(values),
    };
    create.mutate(wanted);
  };
  return (
    <FormDialog
      opened={opened}
      title="Create webhook"
      pending={create.isPending}
      error={create.error}
      done={typeof secret === 'string' && <SigningSecret secret={secret} onClose={close} />}
      onSubmit={submit}
      onClose={close}
    >
      <TextInput
        label="Name"
        required
        autoComplete="off"
        value={values.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <NativeSelect
        label="Format"
        data={[...webhookFormats]}
        value={values.format}
        onChange={(event) => set({ format: event.currentTarget.value })}
      />
      <TextInput
        label="URL"
        description="Shown never again: it may hold a token"
        placeholder="https://"
        required
        autoComplete="off"
        value={values.url}
        onChange={(event) => set({ url: event.currentTarget.value })}
      />
      <KindFields home={home} values={values} set={set} />
      <FilterFields home={home} values={values} set={set} />
    </FormDialog>
  );
}

/** Changes a webhook; its URL stays as it is unless another is given. */
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
    format,
    kinds,
    minSeverity: minSeverity ?? '',
    fixableOnly,
    knownExploitedOnly,
  };
  const { values, set } = useDialogValues<Values>(standing, { create: change, onClose });
  const save = (more: { readonly newSecret?: true }) => {
    const url = values.url.trim();
    change.mutate(
      {
        id: webhook.id,
        name: values.name.trim(),
        kinds: [...values.kinds],
        ...filterOf(values),
        ...(url !== '' && { url }),
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
      <TextInput
        label="Name"
        required
        autoComplete="off"
        value={values.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextInput
        label="Another URL"
        description={`It goes to ${webhook.origin}; empty: as it is`}
        autoComplete="off"
        value={values.url}
        onChange={(event) => set({ url: event.currentTarget.value })}
      />
      <KindFields home={home} values={values} set={set} />
      <FilterFields home={home} values={values} set={set} />
      <Group>
        <Button variant="default" size="compact-xs" onClick={() => save({ newSecret: true })}>
          Save with a new signing secret
        </Button>
      </Group>
    </FormDialog>
  );
}
