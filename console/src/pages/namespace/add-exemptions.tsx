import { Button, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type FormEvent, useState } from 'react';
import type { ExemptionCreate } from '../../api/answers.ts';
import { useAddExemptions } from '../../api/exemptions.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';
import './policy.css';
import { counted } from '../../parts/counted.ts';

const noValues = { ids: '', reason: '', expiresOn: '', repository: '', packageName: '', path: '' };

function requestOf(values: typeof noValues): ExemptionCreate {
  const repository = values.repository.trim();
  const packageName = values.packageName.trim();
  const path = values.path.trim();
  return {
    ids: [values.ids],
    reason: values.reason.trim(),
    // The day itself still counts: it ends at midnight UTC.
    ...(values.expiresOn === '' ? {} : { expiresAt: `${values.expiresOn}T23:59:59.000Z` }),
    ...(repository === '' ? {} : { repository }),
    ...(packageName === '' ? {} : { package: packageName }),
    ...(path === '' ? {} : { path }),
  };
}

/** The form of the allowlist: ids separated by commas, spaces or lines, with a reason. */
export function AddExemptions({ namespace }: { namespace: string }) {
  const add = useAddExemptions(namespace);
  const state = useSearchState();
  const [values, setValues] = useState({
    ...noValues,
    ids: state.get('ids') ?? '',
    repository: state.get('repository') ?? '',
    packageName: state.get('package') ?? '',
    path: state.get('path') ?? '',
  });
  const set = (change: Partial<typeof noValues>) => setValues((current) => ({ ...current, ...change }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(requestOf(values), {
      onSuccess: ({ items }) => {
        setValues(noValues);
        const ids = counted(items.length, 'ids');
        notifications.show({ message: `Allowed ${ids}: from the next pull on` });
      },
    });
  };
  return (
    <form className="pq-panel pq-policy-panel" aria-label="Allow findings" onSubmit={submit}>
      <Textarea
        label="Ids"
        description="Separated by commas or lines: vulnerabilities (any alias counts), secret:<rule>, malware:<signature>"
        placeholder="CVE-2016-6304, GHSA-…, secret:private-key"
        autosize
        minRows={2}
        maxRows={10}
        required
        withAsterisk={false}
        value={values.ids}
        onChange={(event) => set({ ids: event.currentTarget.value })}
      />
      <div className="pq-fields">
        <TextInput
          label="Reason"
          w={360}
          required
          withAsterisk={false}
          value={values.reason}
          onChange={(event) => set({ reason: event.currentTarget.value })}
        />
        <TextInput
          label="Expires on"
          type="date"
          w={150}
          value={values.expiresOn}
          onChange={(event) => set({ expiresOn: event.currentTarget.value })}
        />
        <TextInput
          label="Only repositories"
          placeholder="every repository"
          w={180}
          value={values.repository}
          onChange={(event) => set({ repository: event.currentTarget.value })}
        />
        <TextInput
          label="Only package"
          placeholder="every package"
          w={150}
          value={values.packageName}
          onChange={(event) => set({ packageName: event.currentTarget.value })}
        />
        <TextInput
          label="Only path of secrets or malware"
          placeholder="every path; etc/ssl/**"
          w={260}
          value={values.path}
          onChange={(event) => set({ path: event.currentTarget.value })}
        />
        <Button type="submit" size="sm" loading={add.isPending}>
          Add to allowlist
        </Button>
      </div>
      {add.error !== null && <ErrorNote error={add.error} />}
    </form>
  );
}
