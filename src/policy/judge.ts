import type { ExploitDoubts } from '../report/exploit-doubts.ts';
import type { VulnerabilityFact } from '../report/finding.ts';
import type { CategoryFacts, ImageFacts } from '../report/image-facts.ts';
import type { ScanState } from '../report/scan-state.ts';
import { type Severity, severities, severityRank } from '../report/severity.ts';
import { exemptionOf, exemptionsFor, malwareExemptionOf, secretExemptionOf } from './exemption-of.ts';
import type { Exemption, Policy, StateRule } from './policy.ts';
import type { Reason, Verdict } from './verdict.ts';
import { WorstFindings } from './worst-findings.ts';

export interface JudgeInput {
  readonly facts: ImageFacts;
  readonly policy: Policy;
  /** All of the namespace; which of them apply to this image is decided here. */
  readonly exemptions: readonly Exemption[];
  /** Name of the repository that the image is asked from, below its namespace. */
  readonly repository: string;
  readonly now: Date;
  /** Vulnerabilities that are named as reasons, the worst of those that block and of those that warn; default: all. */
  readonly namedMax?: number;
}

type StateReason = Extract<Reason, { kind: 'state' }>;

const dayMs = 86_400_000;

/**
 * What the gate does with a pull (semantics.md §3): facts, policy, exemptions and the clock, nothing else. Reasons are
 * ordered worst first: what blocks before what warns, states before findings, findings by known exploited, severity, fixable.
 */
export function judge(input: JudgeInput): Verdict {
  const { facts, policy } = input;
  if (policy.mode === 'off') return { kind: 'allow', exempted: 0 };
  const findings = judgeFindings(input);
  const secrets = judgeSecrets(input);
  const malware = judgeMalware(input);
  const state = stateReason(facts.states.vulnerabilities);
  const doubt = state?.state === 'pending' ? undefined : doubtReason(facts, findings);
  const byRule = { block: [] as Reason[], warn: [] as Reason[], allow: [] as Reason[] }; // emptiness hides the type
  for (const reason of [state, secretsState(input, state), malwareState(input, state), doubt]) {
    if (reason !== undefined) byRule[ruleOf(policy, reason.state)].push(reason);
  }
  // What is known to do harm comes before what may let harm in.
  byRule.block.push(...malware.counting, ...findings.counting.reasons(), ...secrets.counting);
  byRule.warn.push(...findings.inGrace.reasons());

  const exempted = findings.exempted + secrets.exempted + malware.exempted;
  const reasons = [...byRule.block, ...byRule.warn];
  if (reasons.length === 0) return { kind: 'allow', exempted };
  const unnamed = findings.counting.omitted + findings.inGrace.omitted;
  const why = { reasons, ...(unnamed === 0 ? {} : { unnamed }), exempted };
  if (byRule.block.length === 0 || policy.mode === 'observe') return { kind: 'warn', ...why };
  const { pending } = policy.states;
  const isHeld =
    typeof pending === 'object' &&
    byRule.block.every((reason) => reason.kind === 'state' && reason.state === 'pending');
  if (isHeld) return { kind: 'hold', holdSeconds: pending.holdSeconds, ...why };
  return { kind: 'block', ...why };
}

/** To hold is to block, for now. */
function ruleOf(policy: Policy, state: StateReason['state']): StateRule {
  const rule = policy.states[state];
  return typeof rule === 'object' ? 'block' : rule;
}

interface JudgedFiles {
  /** Worst first. */
  readonly counting: readonly Reason[];
  readonly exempted: number;
}

/** Secrets at or above the policy's severity: they need no fix and get no grace, because they can be read already. */
function judgeSecrets({ facts, policy, repository, now, ...input }: JudgeInput): JudgedFiles {
  const { secrets: minimum } = policy;
  if (minimum === 'off') return { counting: [], exempted: 0 };
  const counts = (severity: Severity): boolean =>
    severityRank(rankedSeverity(severity, policy)) >= severityRank(minimum);
  const exemptions = exemptionsFor(input.exemptions, { digest: facts.digest, repository, now });
  const counting: Reason[] = [];
  let exempted = 0;
  for (const fact of facts.secrets.found.filter(({ severity }) => counts(severity))) {
    if (secretExemptionOf(exemptions, fact) === undefined) counting.push({ kind: 'secret', ...fact });
    else exempted += fact.count;
  }
  const omitted = severities.filter(counts).reduce((sum, one) => sum + (facts.secrets.omitted[one] ?? 0), 0);
  if (omitted > 0) {
    // Nobody can say which they are, so no exemption takes them out.
    const message = `it holds ${omitted} secrets more than can be judged one by one`;
    counting.push({ kind: 'state', state: 'incomplete', message });
  }
  return { counting, exempted };
}

/** The state of the scan for secrets, where the policy asks for it and the image's own state does not say the same. */
function secretsState(
  { facts, policy }: JudgeInput,
  state: StateReason | undefined,
): StateReason | undefined {
  if (policy.secrets === 'off') return undefined;
  const reason = stateReason(facts.states.secrets);
  if (reason === undefined || reason.state === state?.state) return undefined;
  return { ...reason, message: `secrets: ${reason.message}` };
}

/** Malware of whatever severity: there is no grace for it, and no fix but to build without the file. */
function judgeMalware({ facts, policy, repository, now, ...input }: JudgeInput): JudgedFiles {
  if (policy.malware === 'off') return { counting: [], exempted: 0 };
  const exemptions = exemptionsFor(input.exemptions, { digest: facts.digest, repository, now });
  const counting: Reason[] = [];
  let exempted = 0;
  for (const fact of facts.malware.found) {
    if (malwareExemptionOf(exemptions, fact) === undefined) counting.push({ kind: 'malware', ...fact });
    else exempted += fact.count;
  }
  const omitted = severities.reduce((sum, one) => sum + (facts.malware.omitted[one] ?? 0), 0);
  if (omitted > 0) {
    const message = `it holds ${omitted} findings of malware more than can be judged one by one`;
    counting.push({ kind: 'state', state: 'incomplete', message });
  }
  return { counting, exempted };
}

/**
 * The state of the search for malware, where the policy asks for it and the image's own state does not say the same. No
 * engine has to be configured: an image that none has looked at is shown as not scanned for malware, and not refused for
 * it. As soon as one has, what it could not tell counts.
 */
function malwareState(
  { facts, policy }: JudgeInput,
  state: StateReason | undefined,
): StateReason | undefined {
  const { lastResult } = facts.states.malware;
  if (policy.malware === 'off' || lastResult === undefined) return undefined;
  const reason = stateReason(facts.states.malware);
  if (reason === undefined || reason.state === state?.state) return undefined;
  const remedy = lastResult.problem?.remedy;
  return { ...reason, message: `malware: ${reason.message}${remedy === undefined ? '' : `. ${remedy}`}` };
}

interface JudgedFindings {
  readonly counting: WorstFindings;
  /** Would count, but are too new to. */
  readonly inGrace: WorstFindings;
  /** Would count if their versions could be compared. */
  readonly undetermined: WorstFindings;
  /** Would count, or might, if it were known whether they are exploited, or how likely that is. */
  readonly unknownExploits: Map<keyof ExploitDoubts, WorstFindings>;
  /** All of unknown comparison, whether or not they would count. */
  undeterminedCount: number;
  exempted: number;
}

function judgeFindings(input: JudgeInput): JudgedFindings {
  const { facts, policy, repository, now, namedMax = Number.POSITIVE_INFINITY } = input;
  const exemptions = exemptionsFor(input.exemptions, { digest: facts.digest, repository, now });
  const judged: JudgedFindings = {
    counting: new WorstFindings(namedMax),
    inGrace: new WorstFindings(namedMax),
    undetermined: new WorstFindings(1),
    unknownExploits: new Map(),
    undeterminedCount: 0,
    exempted: 0,
  };
  for (const found of facts.packages) {
    for (const vulnerability of found.vulnerabilities) {
      if (vulnerability.undetermined) judged.undeterminedCount += 1;
      const unknown = unknownExploit(vulnerability, input);
      const isCounted = counts(vulnerability, policy);
      if (!isCounted && unknown === undefined) continue;
      const isExempted = exemptionOf(exemptions, found, vulnerability) !== undefined;
      if (unknown !== undefined && !isExempted) {
        const known = judged.unknownExploits.get(unknown) ?? new WorstFindings(1);
        known.add(found, vulnerability);
        judged.unknownExploits.set(unknown, known);
      }
      if (!isCounted) continue;
      if (isExempted) judged.exempted += 1;
      else if (vulnerability.undetermined) judged.undetermined.add(found, vulnerability);
      else if (isInGrace(vulnerability, input)) judged.inGrace.add(found, vulnerability);
      else judged.counting.add(found, vulnerability);
    }
  }
  return judged;
}

/**
 * Whether a finding counts against the image: all conditions together, except that a known exploited one counts
 * whatever its severity. One that FIRST gives no probability is not known to be unlikely, so it counts. `assumed`: as if
 * that were known of it.
 */
function counts(vulnerability: VulnerabilityFact, policy: Policy, assumed?: 'exploited' | 'likely'): boolean {
  const isSevere =
    severityRank(rankedSeverity(vulnerability.severity, policy)) >= severityRank(policy.minSeverity);
  const isExploited = vulnerability.knownExploited || assumed === 'exploited';
  if (!isSevere && !(policy.knownExploited && isExploited)) return false;
  // Where the version cannot be compared, nor can it be told whether there is a fix above it.
  if (policy.fixableOnly && !vulnerability.undetermined && vulnerability.fixedVersion === undefined)
    return false;
  const { epss } = vulnerability;
  return policy.epssMin === undefined || assumed === 'likely' || epss === undefined || epss >= policy.epssMin;
}

/** What the verdict on a finding hangs on that cannot be relied on; undefined where it would be the same anyway. */
function unknownExploit(
  vulnerability: VulnerabilityFact,
  { facts, policy }: JudgeInput,
): keyof ExploitDoubts | undefined {
  const doubts = facts.exploitDoubts;
  if (doubts.epss !== undefined && policy.epssMin !== undefined && counts(vulnerability, policy, 'likely'))
    return 'epss';
  if (doubts.knownExploited === undefined || !policy.knownExploited || counts(vulnerability, policy))
    return undefined;
  return counts(vulnerability, policy, 'exploited') ? 'knownExploited' : undefined;
}

function rankedSeverity(severity: Severity, { unknownSeverityAs }: Policy): Severity {
  return severity === 'unknown' ? unknownSeverityAs : severity;
}

/**
 * Grace is for images that could be pulled before the finding became known: one that had it when it was first judged
 * gets none (semantics.md §3). It runs from the day the finding was first seen on the image.
 */
function isInGrace(vulnerability: VulnerabilityFact, { facts, policy, now }: JudgeInput): boolean {
  const days = policy.graceDays[vulnerability.severity];
  const { firstSeenAt } = vulnerability;
  const { firstJudgedAt } = facts;
  if (days === undefined || firstJudgedAt === undefined || firstSeenAt <= firstJudgedAt) return false;
  return now.getTime() < firstSeenAt.getTime() + days * dayMs;
}

const pendingMessages: Readonly<Partial<Record<ScanState, string>>> = {
  'not-scanned': 'the image has not been scanned, and no scan is queued',
  queued: 'the scan of the image is queued',
  scanning: 'the image is being scanned',
  cancelled: 'the scan of the image was cancelled',
};

/**
 * The state that the policy must rule on, besides doubts. The last result stands until another replaces it: a re-scan
 * that runs, was cancelled or failed takes nothing away from it, neither its completeness nor its lack of it.
 */
function stateReason({ state, problem, lastResult }: CategoryFacts): StateReason | undefined {
  const effective = lastResult === undefined ? { state, problem } : lastResult;
  switch (effective.state) {
    case 'scanned':
    case 'undetermined':
      // Without a result there is nothing to have found nothing in.
      return lastResult === undefined ? pendingReason(state) : undefined;
    case 'failed':
    case 'incomplete':
    case 'unsupported':
      return {
        kind: 'state',
        state: effective.state,
        message: effective.problem?.reason ?? stateMessages[effective.state],
      };
    default:
      return pendingReason(effective.state);
  }
}

const stateMessages = {
  failed: 'the scan of the image failed',
  incomplete: 'the image could not be read whole',
  unsupported: 'there is nothing in it that can be scanned',
} as const;

function pendingReason(state: ScanState): StateReason {
  return { kind: 'state', state: 'pending', message: pendingMessages[state] ?? 'the scan has no result yet' };
}

/** Doubts beside versions that cannot be compared; those matter only where the finding would count and is not exempted. */
function doubtReason(
  { doubts, exploitDoubts: exploits }: ImageFacts,
  findings: JudgedFindings,
): StateReason | undefined {
  const messages = doubts
    .filter(({ code }) => code !== 'undetermined-version' || findings.undeterminedCount === 0)
    .map(({ message }) => message);
  const [first] = findings.undetermined.reasons();
  if (first !== undefined) {
    const { count } = findings.undetermined;
    messages.push(
      `whether ${first.packageName} ${first.installedVersion} has ${first.id} cannot be told${count > 1 ? `, nor ${count - 1} more` : ''}`,
    );
  }
  for (const [source, found] of findings.unknownExploits) {
    const [worst] = found.reasons();
    if (worst === undefined) continue;
    const others = found.count > 1 ? ` and ${found.count - 1} more` : '';
    messages.push(`${exploits[source]}, so it cannot be told whether ${worst.id}${others} counts`);
  }
  return messages.length === 0
    ? undefined
    : { kind: 'state', state: 'undetermined', message: messages.join('; ') };
}
