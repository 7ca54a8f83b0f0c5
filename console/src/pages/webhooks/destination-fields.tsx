import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import type { Webhook } from '../../api/answers.ts';
import { webhookFormats } from './webhook-words.ts';

/** Where a target sends: an URL, or addresses. */
export interface Destination {
  readonly format: string;
  readonly url: string;
  /** One address on each line. */
  readonly recipients: string;
}

interface FieldsProps {
  values: Destination;
  set: (change: Partial<Destination>) => void;
}

/** The addresses of the field, which may be separated by anything that is not in one. */
export function recipientsOf({ recipients }: Pick<Destination, 'recipients'>): string[] {
  return recipients.split(/[\s,;]+/).filter((address) => address !== '');
}

function RecipientsField({ values, set }: FieldsProps) {
  return (
    <Textarea
      label="Recipients"
      description="One address on each line; each gets a mail of its own"
      placeholder="team@example.com"
      required
      autosize
      minRows={2}
      maxRows={8}
      value={values.recipients}
      onChange={(event) => set({ recipients: event.currentTarget.value })}
    />
  );
}

/** For a new target: how it is told, and where. */
export function NewDestinationFields({ values, set }: FieldsProps) {
  return (
    <>
      <NativeSelect
        label="Told by"
        data={[...webhookFormats]}
        value={values.format}
        onChange={(event) => set({ format: event.currentTarget.value })}
      />
      {values.format === 'email' ? (
        <RecipientsField values={values} set={set} />
      ) : (
        <TextInput
          label="URL"
          description="Shown never again: it may hold a token"
          placeholder="https://"
          required
          autoComplete="off"
          value={values.url}
          onChange={(event) => set({ url: event.currentTarget.value })}
        />
      )}
    </>
  );
}

/** For a standing target: mail stays mail, and an URL stays as it is unless another is given. */
export function StandingDestinationFields({ webhook, values, set }: FieldsProps & { webhook: Webhook }) {
  if (webhook.format === 'email') return <RecipientsField values={values} set={set} />;
  return (
    <>
      <NativeSelect
        label="Told by"
        data={webhookFormats.filter(({ value }) => value !== 'email')}
        value={values.format}
        onChange={(event) => set({ format: event.currentTarget.value })}
      />
      <TextInput
        label="Another URL"
        description={`It goes to ${webhook.origin ?? ''}; empty: as it is`}
        autoComplete="off"
        value={values.url}
        onChange={(event) => set({ url: event.currentTarget.value })}
      />
    </>
  );
}
