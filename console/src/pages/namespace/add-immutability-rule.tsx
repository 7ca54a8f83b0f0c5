import { Button, Checkbox, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type FormEvent, useState } from 'react';
import type { ImmutabilityRuleCreate } from '../../api/answers.ts';
import { useAddImmutabilityRule } from '../../api/immutability-rules.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { ImmutabilityPreviewList } from './immutability-preview-list.tsx';
import './policy.css';

type Match = 'matching' | 'excluding';

interface Values {
  readonly template: 'latest' | 'custom';
  readonly repositoryMatch: Match;
  readonly repositoryPattern: string;
  readonly tagMatch: Match;
  readonly tagPattern: string;
  readonly allowDelete: boolean;
}

const initial: Values = {
  template: 'latest',
  repositoryMatch: 'matching',
  repositoryPattern: '**',
  tagMatch: 'matching',
  tagPattern: '',
  allowDelete: false,
};

function requestOf(values: Values): ImmutabilityRuleCreate {
  const { allowDelete } = values;
  if (values.template === 'latest') return { template: 'latest', allowDelete };
  return {
    template: 'custom',
    repositories: { match: values.repositoryMatch, pattern: values.repositoryPattern },
    tags: { match: values.tagMatch, pattern: values.tagPattern },
    allowDelete,
  };
}

function PatternField({
  noun,
  placeholder,
  match,
  pattern,
  onChange,
}: {
  noun: 'Repositories' | 'Tags';
  placeholder: string;
  match: Match;
  pattern: string;
  onChange: (match: Match, pattern: string) => void;
}) {
  return (
    <div className="pq-fields" style={{ gap: 4 }}>
      <NativeSelect
        label={noun}
        aria-label={`${noun}: matching or excluding`}
        data={[
          { value: 'matching', label: 'matching' },
          { value: 'excluding', label: 'excluding' },
        ]}
        value={match}
        onChange={(event) =>
          onChange(event.currentTarget.value === 'excluding' ? 'excluding' : 'matching', pattern)
        }
      />
      <TextInput
        aria-label={`${noun} pattern`}
        placeholder={placeholder}
        w={220}
        required
        maxLength={256}
        value={pattern}
        onChange={(event) => onChange(match, event.currentTarget.value)}
      />
    </div>
  );
}

/** The form for a rule, with the existing tags that it would hold. */
export function AddImmutabilityRule({ namespace }: { namespace: string }) {
  const add = useAddImmutabilityRule(namespace);
  const [values, setValues] = useState(initial);
  const set = (change: Partial<Values>) => setValues((current) => ({ ...current, ...change }));
  const [previewed] = useDebouncedValue(values, 300);
  const complete = (of: Values) =>
    of.template === 'latest' || (of.repositoryPattern !== '' && of.tagPattern !== '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(requestOf(values), { onSuccess: () => setValues(initial) });
  };
  return (
    <form className="pq-panel pq-policy-panel" aria-label="Add immutability rule" onSubmit={submit}>
      <SegmentedControl
        aria-label="Kind of rule"
        size="xs"
        style={{ justifySelf: 'start' }}
        data={[
          { value: 'latest', label: 'Every tag except latest' },
          { value: 'custom', label: 'Custom patterns' },
        ]}
        value={values.template}
        onChange={(template) => set({ template: template === 'custom' ? 'custom' : 'latest' })}
      />
      <div className="pq-fields">
        {values.template === 'custom' && (
          <>
            <PatternField
              noun="Repositories"
              placeholder="**"
              match={values.repositoryMatch}
              pattern={values.repositoryPattern}
              onChange={(repositoryMatch, repositoryPattern) => set({ repositoryMatch, repositoryPattern })}
            />
            <PatternField
              noun="Tags"
              placeholder="v*, release-*, {a,b}"
              match={values.tagMatch}
              pattern={values.tagPattern}
              onChange={(tagMatch, tagPattern) => set({ tagMatch, tagPattern })}
            />
          </>
        )}
        <Checkbox
          mb={8}
          label="These tags may be deleted"
          checked={values.allowDelete}
          onChange={(event) => set({ allowDelete: event.currentTarget.checked })}
        />
        <Button type="submit" size="sm" disabled={!complete(values)} loading={add.isPending}>
          Add rule
        </Button>
      </div>
      {complete(previewed) && <ImmutabilityPreviewList namespace={namespace} rule={requestOf(previewed)} />}
      {add.error !== null && <ErrorNote error={add.error} />}
    </form>
  );
}
