import './policy.css';

export interface PhraseOption<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

/** An editable part of a sentence. */
export function Phrase<Value extends string>({
  label,
  options,
  value,
  disabled,
  onChange,
}: {
  /** Accessible name: what this part decides. */
  label: string;
  options: readonly PhraseOption<Value>[];
  value: Value;
  disabled: boolean;
  onChange: (value: Value) => void;
}) {
  return (
    <select
      className="pq-phrase"
      aria-label={label}
      disabled={disabled}
      value={value}
      onChange={(event) => {
        const chosen = options.find((option) => option.value === event.currentTarget.value);
        if (chosen !== undefined) onChange(chosen.value);
      }}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
