import type { Policy } from '../../api/answers.ts';
import { Phrase, type PhraseOption } from './phrase.tsx';

type PendingRule = Policy['states']['pending'];

const modes = [
  { value: 'enforce', label: 'Refuse' },
  { value: 'observe', label: 'Only warn of' },
] as const;

const severities = [
  { value: 'critical', label: 'critical' },
  { value: 'high', label: 'high or worse' },
  { value: 'medium', label: 'medium or worse' },
  { value: 'low', label: 'low or worse' },
] as const;

const secretRules = [{ value: 'off', label: 'not at all' }, ...severities] as const;

const malwareRules = [
  { value: 'block', label: 'counts' },
  { value: 'off', label: 'does not count' },
] as const;

const fixes = [
  { value: 'all', label: 'with or without a fix' },
  { value: 'fixable', label: 'that have a fix' },
] as const;

const exploited = [
  { value: 'yes', label: 'and also' },
  { value: 'no', label: 'but not' },
] as const;

const unknowns = [
  { value: 'critical', label: 'critical' },
  { value: 'high', label: 'high' },
  { value: 'medium', label: 'medium' },
  { value: 'low', label: 'low' },
  { value: 'negligible', label: 'negligible' },
] as const;

const rules = [
  { value: 'block', label: 'refuse' },
  { value: 'warn', label: 'serve and warn' },
  { value: 'allow', label: 'serve' },
] as const;

const defaultHoldSeconds = 30;

function pendingValue(rule: PendingRule): string {
  return typeof rule === 'string' ? rule : `hold-${rule.holdSeconds}`;
}

function pendingOptions(rule: PendingRule): readonly PhraseOption<string>[] {
  const current = typeof rule === 'string' ? defaultHoldSeconds : rule.holdSeconds;
  const seconds = [...new Set([10, defaultHoldSeconds, 120, current])].sort((one, other) => one - other);
  return [
    ...seconds.map((value) => ({ value: `hold-${value}`, label: `wait ${value} s, then refuse` })),
    ...rules,
  ];
}

function pendingRule(value: string): PendingRule {
  const plain = rules.find((rule) => rule.value === value);
  return plain === undefined
    ? { holdSeconds: Number.parseInt(value.slice('hold-'.length), 10) }
    : plain.value;
}

interface SentenceProps {
  policy: Policy;
  disabled: boolean;
  onChange: (policy: Policy) => void;
}

/** What counts against an image. */
function Conditions({ policy, disabled, onChange }: SentenceProps) {
  return (
    <>
      <Phrase
        label="What happens"
        options={modes}
        value={policy.mode === 'observe' ? 'observe' : 'enforce'}
        disabled={disabled}
        onChange={(mode) => onChange({ ...policy, mode })}
      />{' '}
      images with{' '}
      <Phrase
        label="Least severity"
        options={severities}
        value={policy.minSeverity}
        disabled={disabled}
        onChange={(minSeverity) => onChange({ ...policy, minSeverity })}
      />{' '}
      vulnerabilities{' '}
      <Phrase
        label="Fixes"
        options={fixes}
        value={policy.fixableOnly ? 'fixable' : 'all'}
        disabled={disabled}
        onChange={(fix) => onChange({ ...policy, fixableOnly: fix === 'fixable' })}
      />
      ,{' '}
      <Phrase
        label="Known exploited"
        options={exploited}
        value={policy.knownExploited ? 'yes' : 'no'}
        disabled={disabled}
        onChange={(answer) => onChange({ ...policy, knownExploited: answer === 'yes' })}
      />{' '}
      lesser ones that are known to be exploited. One that nobody rated counts as{' '}
      <Phrase
        label="Unknown severity counts as"
        options={unknowns}
        value={policy.unknownSeverityAs}
        disabled={disabled}
        onChange={(unknownSeverityAs) => onChange({ ...policy, unknownSeverityAs })}
      />
      . Malware{' '}
      <Phrase
        label="Malware"
        options={malwareRules}
        value={policy.malware}
        disabled={disabled}
        onChange={(malware) => onChange({ ...policy, malware })}
      />
      . Secrets in an image count{' '}
      <Phrase
        label="Secrets"
        options={secretRules}
        value={policy.secrets}
        disabled={disabled}
        onChange={(secrets) => onChange({ ...policy, secrets })}
      />
      .
    </>
  );
}

/** What happens while, or because, nobody knows. */
function StateRules({ policy, disabled, onChange }: SentenceProps) {
  const { states } = policy;
  const set = (change: Partial<Policy['states']>) =>
    onChange({ ...policy, states: { ...states, ...change } });
  return (
    <>
      While a scan is pending{' '}
      <Phrase
        label="While a scan is pending"
        options={pendingOptions(states.pending)}
        value={pendingValue(states.pending)}
        disabled={disabled}
        onChange={(value) => set({ pending: pendingRule(value) })}
      />
      ; when it failed{' '}
      <Phrase
        label="When a scan failed"
        options={rules}
        value={states.failed}
        disabled={disabled}
        onChange={(failed) => set({ failed })}
      />
      ; when it is incomplete{' '}
      <Phrase
        label="When a scan is incomplete"
        options={rules}
        value={states.incomplete}
        disabled={disabled}
        onChange={(incomplete) => set({ incomplete })}
      />
      ; when nobody could tell{' '}
      <Phrase
        label="When nobody could tell"
        options={rules}
        value={states.undetermined}
        disabled={disabled}
        onChange={(undetermined) => set({ undetermined })}
      />
      ; artifacts with nothing to scan{' '}
      <Phrase
        label="Artifacts with nothing to scan"
        options={rules}
        value={states.unsupported}
        disabled={disabled}
        onChange={(unsupported) => set({ unsupported })}
      />
      .
    </>
  );
}

/** The blocking policy as sentences whose parts can be changed. */
export function PolicySentence(props: SentenceProps) {
  return (
    <div>
      <p className="pq-policy-sentence">
        <Conditions {...props} />
      </p>
      <p className="pq-policy-sentence">
        <StateRules {...props} />
      </p>
    </div>
  );
}
