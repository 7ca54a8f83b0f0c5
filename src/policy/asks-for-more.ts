import type { Policy } from './policy.ts';

/** Whether a changed policy judges what the one before did not: images may lack a result that it needs. */
export function asksForMore(before: Policy, after: Policy): boolean {
  if (after.mode === 'off') return false;
  return before.mode === 'off' || (before.secrets === 'off' && after.secrets !== 'off');
}
