import type { Reason, Verdict } from '../policy/verdict.ts';
import { assertNever } from '../report/assert-never.ts';
import type { Verdict as VerdictShown } from './contract/verdict.ts';

const reasonsMax = 5;

export function reasonsOf(verdict: Verdict): readonly Reason[] {
  return verdict.kind === 'allow' ? [] : verdict.reasons;
}

/** A verdict as lists show it: its worst reasons and how many there are. */
export function showVerdict(verdict: Verdict): VerdictShown {
  const reasons = reasonsOf(verdict);
  return {
    kind: verdict.kind,
    reasons: reasons.slice(0, reasonsMax),
    reasonCount: reasons.length,
    exempted: verdict.exempted,
    ...(verdict.kind === 'hold' ? { holdSeconds: verdict.holdSeconds } : {}),
  };
}

/** A reason in one line for people. */
export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'state':
      return reason.message;
    case 'vulnerability': {
      const { id, severity, packageName, installedVersion, fixedVersion, knownExploited } = reason;
      const fix = fixedVersion === undefined ? 'no fix known' : `fixed in ${fixedVersion}`;
      return `${id} (${severity}${knownExploited ? ', known exploited' : ''}) in ${packageName} ${installedVersion}, ${fix}`;
    }
    default:
      return assertNever(reason);
  }
}

/** The image is not or not fully judged, whatever the policy makes of that. */
export function isUnsettled(verdict: Verdict): boolean {
  return reasonsOf(verdict).some((reason) => reason.kind === 'state' && reason.state !== 'unsupported');
}
