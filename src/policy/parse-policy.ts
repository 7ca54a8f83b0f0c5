import { type Severity, severities } from '../report/severity.ts';
import { defaultPolicy, type Policy, type StateRule, type Threshold } from './policy.ts';

export type ParsedPolicy =
  | { readonly kind: 'ok'; readonly policy: Policy }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** A stored policy that cannot be read: the gate fails (503) instead of passing everything. */
export class PolicyUnreadableError extends Error {
  readonly code = 'policy_unreadable';
  constructor(problems: readonly string[]) {
    super(`Cannot read a namespace's policy: ${problems.join('; ')}`);
    this.name = 'PolicyUnreadableError';
  }
}

const thresholds: readonly Threshold[] = ['low', 'medium', 'high', 'critical'];
const stateRules: readonly StateRule[] = ['allow', 'warn', 'block'];
const holdSecondsMax = 600;
const graceDaysMax = 3650;

/**
 * Reads a policy's JSON; absent parts take `defaultPolicy`, `null` clears an optional one. Unknown keys and values are
 * listed as problems, never ignored.
 */
export function parsePolicy(value: unknown): ParsedPolicy {
  const reader = new Reader();
  const root = reader.object('policy', value, Object.keys(policyKeys));
  const policy: Policy = {
    mode: reader.oneOf('mode', root['mode'], ['off', 'observe', 'enforce'], defaultPolicy.mode),
    minSeverity: reader.oneOf('minSeverity', root['minSeverity'], thresholds, defaultPolicy.minSeverity),
    fixableOnly: reader.flag('fixableOnly', root['fixableOnly'], defaultPolicy.fixableOnly),
    knownExploited: reader.flag('knownExploited', root['knownExploited'], defaultPolicy.knownExploited),
    ...reader.epssMin(root['epssMin']),
    graceDays: reader.graceDays(root['graceDays']),
    unknownSeverityAs: reader.oneOf(
      'unknownSeverityAs',
      root['unknownSeverityAs'],
      severities.filter((severity) => severity !== 'unknown'),
      defaultPolicy.unknownSeverityAs,
    ),
    malware: reader.oneOf('malware', root['malware'], ['off', 'block'], defaultPolicy.malware),
    secrets: reader.oneOf('secrets', root['secrets'], ['off', ...thresholds], defaultPolicy.secrets),
    states: reader.states(root['states']),
  };
  return reader.problems.length === 0
    ? { kind: 'ok', policy }
    : { kind: 'invalid', problems: reader.problems };
}

/** The policy of a stored JSON. Throws `PolicyUnreadableError`. */
export function readStoredPolicy(stored: unknown): Policy {
  const parsed = parsePolicy(stored);
  if (parsed.kind === 'invalid') throw new PolicyUnreadableError(parsed.problems);
  return parsed.policy;
}

/** Lays a partial policy over a stored one; `states` and `graceDays` are merged member by member. */
export function mergePolicy(stored: unknown, patch: unknown): ParsedPolicy {
  if (!isRecord(stored) || !isRecord(patch)) return parsePolicy(isRecord(patch) ? stored : patch);
  const merged: Record<string, unknown> = { ...stored, ...patch };
  for (const key of ['states', 'graceDays']) {
    const below = stored[key];
    const above = patch[key];
    if (isRecord(below) && isRecord(above)) merged[key] = { ...below, ...above };
  }
  return parsePolicy(merged);
}

/** Every key of a policy: the compiler holds it complete. */
const policyKeys: Readonly<Record<keyof Policy, true>> = {
  mode: true,
  minSeverity: true,
  fixableOnly: true,
  knownExploited: true,
  epssMin: true,
  graceDays: true,
  unknownSeverityAs: true,
  malware: true,
  secrets: true,
  states: true,
};

class Reader {
  readonly problems: string[] = [];

  object(name: string, value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> {
    if (!isRecord(value)) {
      this.#refuse(name, 'it must be an object', value);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (!keys.includes(key)) this.problems.push(`Unknown key "${key}" in ${name}`);
    }
    return value;
  }

  oneOf<Choice extends string>(
    name: string,
    value: unknown,
    choices: readonly Choice[],
    absent: Choice,
  ): Choice {
    if (value === undefined) return absent;
    const choice = choices.find((one) => one === value);
    if (choice === undefined) this.#refuse(name, `it must be one of ${choices.join(', ')}`, value);
    return choice ?? absent;
  }

  flag(name: string, value: unknown, absent: boolean): boolean {
    if (value === undefined) return absent;
    if (typeof value === 'boolean') return value;
    this.#refuse(name, 'it must be true or false', value);
    return absent;
  }

  epssMin(value: unknown): Pick<Policy, 'epssMin'> {
    if (value === undefined || value === null) return {};
    return { epssMin: this.#number('epssMin', value, 1) };
  }

  graceDays(value: unknown): Policy['graceDays'] {
    if (value === undefined || value === null) return defaultPolicy.graceDays;
    const days: Partial<Record<Severity, number>> = {};
    const given = this.object('graceDays', value, severities);
    for (const severity of severities) {
      const one = given[severity];
      if (one === undefined || one === null) continue;
      days[severity] = this.#number(`graceDays.${severity}`, one, graceDaysMax);
    }
    return days;
  }

  states(value: unknown): Policy['states'] {
    const { states } = defaultPolicy;
    if (value === undefined) return states;
    const given = this.object('states', value, Object.keys(states));
    const rule = (name: Exclude<keyof Policy['states'], 'pending'>): StateRule =>
      this.oneOf(`states.${name}`, given[name], stateRules, states[name]);
    return {
      pending: this.#pending(given['pending']),
      failed: rule('failed'),
      incomplete: rule('incomplete'),
      unsupported: rule('unsupported'),
      undetermined: rule('undetermined'),
    };
  }

  #pending(value: unknown): Policy['states']['pending'] {
    if (value === undefined) return defaultPolicy.states.pending;
    if (!isRecord(value)) return this.oneOf('states.pending', value, stateRules, 'block');
    const { holdSeconds } = this.object('states.pending', value, ['holdSeconds']);
    return { holdSeconds: this.#number('states.pending.holdSeconds', holdSeconds, holdSecondsMax) };
  }

  #number(name: string, value: unknown, max: number): number {
    if (typeof value === 'number' && value >= 0 && value <= max) return value;
    this.#refuse(name, `it must be a number from 0 to ${max}`, value);
    return 0;
  }

  #refuse(name: string, rule: string, value: unknown): void {
    this.problems.push(`Cannot set ${name}: ${rule}, got ${JSON.stringify(value) ?? 'nothing'}`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
