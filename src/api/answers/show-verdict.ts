import { namedInLists } from '../../gate/verdicts.ts';
import { type Reason, unnamedIn, type Verdict } from '../../policy/verdict.ts';
import type { Verdict as VerdictShown } from '../contract/verdict.ts';

export function reasonsOf(verdict: Verdict): readonly Reason[] {
  return verdict.kind === 'allow' ? [] : verdict.reasons;
}

/** A verdict as lists show it: its worst reasons, as many as `verdictsOf()` names vulnerabilities, and how many there are. */
export function showVerdict(verdict: Verdict): VerdictShown {
  const reasons = reasonsOf(verdict);
  return {
    kind: verdict.kind,
    reasons: reasons.slice(0, namedInLists),
    reasonCount: reasons.length + unnamedIn(verdict),
    exempted: verdict.exempted,
    ...(verdict.kind === 'hold' ? { holdSeconds: verdict.holdSeconds } : {}),
  };
}

/** The image is not or not fully judged, whatever the policy makes of that. */
export function isUnsettled(verdict: Verdict): boolean {
  return reasonsOf(verdict).some((reason) => reason.kind === 'state' && reason.state !== 'unsupported');
}
