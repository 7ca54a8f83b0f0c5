import type { Policy } from '../api/answers.ts';

/** The policy in one line: `Refuses high or worse that has a fix`. */
export function policyInWords(policy: Policy): string {
  if (policy.mode === 'off') return 'Serves everything';
  const verb = policy.mode === 'enforce' ? 'Refuses' : 'Only warns of';
  const severity = policy.minSeverity === 'critical' ? 'critical' : `${policy.minSeverity} or worse`;
  const fix = policy.fixableOnly ? ' that has a fix' : '';
  return `${verb} ${severity}${fix}`;
}
