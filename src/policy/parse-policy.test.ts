import { describe, expect, it } from 'vitest';
import { mergePolicy, PolicyUnreadableError, parsePolicy, readStoredPolicy } from './parse-policy.ts';
import { defaultPolicy } from './policy.ts';

function problemsOf(value: unknown): readonly string[] {
  const parsed = parsePolicy(value);
  return parsed.kind === 'invalid' ? parsed.problems : [];
}

describe('parsePolicy()', () => {
  it('takes the defaults for what is absent', () => {
    expect(parsePolicy({})).toEqual({ kind: 'ok', policy: defaultPolicy });
    expect(parsePolicy({ mode: 'enforce' })).toEqual({
      kind: 'ok',
      policy: { ...defaultPolicy, mode: 'enforce' },
    });
  });

  it('reads back what it wrote', () => {
    const whole = parsePolicy({
      mode: 'observe',
      minSeverity: 'low',
      fixableOnly: true,
      knownExploited: false,
      epssMin: 0.5,
      graceDays: { high: 7, unknown: 0 },
      unknownSeverityAs: 'low',
      malware: 'off',
      secrets: 'medium',
      states: {
        pending: 'warn',
        failed: 'allow',
        incomplete: 'warn',
        unsupported: 'block',
        undetermined: 'block',
      },
    });
    expect(whole.kind).toBe('ok');
    if (whole.kind === 'ok')
      expect(readStoredPolicy(JSON.parse(JSON.stringify(whole.policy)))).toEqual(whole.policy);
  });

  it.each([
    [{ mod: 'off' }, 'Unknown key "mod"'],
    [{ states: { pending: { seconds: 3 } } }, 'Unknown key "seconds"'],
    [{ graceDays: { severe: 3 } }, 'Unknown key "severe"'],
    [{ mode: 'on' }, 'Cannot set mode'],
    [{ minSeverity: 'unknown' }, 'Cannot set minSeverity'],
    [{ fixableOnly: 'yes' }, 'Cannot set fixableOnly'],
    [{ epssMin: 2 }, 'Cannot set epssMin'],
    [{ graceDays: { high: -1 } }, 'Cannot set graceDays.high'],
    [{ states: { pending: { holdSeconds: Number.NaN } } }, 'Cannot set states.pending.holdSeconds'],
    [{ states: { failed: 'hold' } }, 'Cannot set states.failed'],
    [[], 'Cannot set policy'],
    [null, 'Cannot set policy'],
  ])('refuses %j', (value, problem) => {
    expect(problemsOf(value).join()).toContain(problem);
  });

  it('lists every problem', () => {
    expect(problemsOf({ mode: 1, minSeverity: 2, __proto__x: 3 })).toHaveLength(3);
  });
});

describe('mergePolicy()', () => {
  it('lays members of states and grace days over the stored ones, and null takes one away', () => {
    const stored = {
      mode: 'enforce',
      epssMin: 0.1,
      graceDays: { high: 3, low: 9 },
      states: { failed: 'warn' },
    };
    const merged = mergePolicy(stored, {
      epssMin: null,
      graceDays: { high: null, medium: 5 },
      states: { pending: 'block' },
    });
    expect(merged).toMatchObject({
      kind: 'ok',
      policy: {
        mode: 'enforce',
        graceDays: { low: 9, medium: 5 },
        states: { failed: 'warn', pending: 'block' },
      },
    });
    if (merged.kind === 'ok') {
      expect(merged.policy).not.toHaveProperty('epssMin');
      expect(merged.policy.graceDays).not.toHaveProperty('high');
    }
  });

  it('refuses a patch that is no object', () => {
    expect(mergePolicy({ mode: 'off' }, 'enforce').kind).toBe('invalid');
  });
});

describe('readStoredPolicy()', () => {
  it('throws for a policy that cannot be read, instead of letting everything pass', () => {
    expect(() => readStoredPolicy({ mode: 'enforced' })).toThrow(PolicyUnreadableError);
  });
});
