import { findManifest, listManifestsReferringTo } from '../catalog/manifests.ts';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import type { Policy } from '../policy/policy.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { PullDecision, PullGuard, PullRequest } from '../registry/guards.ts';
import { describeReasons, namedReasons } from './describe-reasons.ts';
import { PullEvents } from './pull-events.ts';
import type { Judgement, Verdicts } from './verdicts.ts';

export interface PolicyPullGuardOptions {
  readonly db: Database;
  readonly verdicts: Verdicts;
  /** Without a slash at the end; report URLs begin with it. */
  readonly externalUrl: string;
}

/** A scan seldom takes longer: clients that try again by then mostly get the real answer. */
const retryAfterSeconds = 10;

/** A denied pull carries its reason in a header as well (semantics.md §3: at most 4096 bytes). */
const warningLengthMax = 2_000;

/** Decides every read of the registry by the namespace's policy (semantics.md §3). Failures are thrown, never "allowed". */
export class PolicyPullGuard implements PullGuard {
  readonly #db: Database;
  readonly #verdicts: Verdicts;
  readonly #externalUrl: string;
  readonly #events: PullEvents;

  constructor(options: PolicyPullGuardOptions) {
    this.#db = options.db;
    this.#verdicts = options.verdicts;
    this.#externalUrl = options.externalUrl;
    this.#events = new PullEvents(options.db);
  }

  async decide(request: PullRequest): Promise<PullDecision> {
    const { policy } = await this.#verdicts.policyOf(request.repository.namespaceId);
    if (policy.mode === 'off') return { kind: 'allow', warnings: [], cacheable: true };
    // Who may push must be able to replace a refused image: tools ask HEAD before they upload. It yields no bytes.
    if (request.method === 'HEAD' && request.mayPush)
      return { kind: 'allow', warnings: [], cacheable: false };
    const digests =
      request.target.kind === 'manifest' ? [request.target.digest] : await this.#referringManifests(request);
    if (digests.length === 0) return deniedUnreferenced(request);
    const { namespaceId, repository } = request.repository;
    const judgement = await this.#verdicts.settled(
      () => this.#verdicts.bestVerdictOf({ namespaceId, repository }, digests),
      request,
    );
    return await this.#answer(request, { policy, judgement, digest: digests[0] ?? request.target.digest });
  }

  /** A blob is nobody's by itself: it may be pulled with a manifest of this repository that may be. */
  async #referringManifests({ repository, target }: PullRequest): Promise<readonly Digest[]> {
    const { repositoryId } = repository;
    const manifests = await listManifestsReferringTo(this.#db, { repositoryId, blobDigest: target.digest });
    return manifests.map(({ digest }) => digest);
  }

  async #answer(
    request: PullRequest,
    judged: { readonly policy: Policy; readonly judgement: Judgement; readonly digest: Digest },
  ): Promise<PullDecision> {
    const { verdict } = judged.judgement;
    switch (verdict.kind) {
      case 'allow':
        return { kind: 'allow', warnings: [], cacheable: false };
      case 'warn':
        if (request.target.kind === 'manifest') await this.#record(request, judged.digest, verdict);
        return { kind: 'allow', warnings: [warningOf(verdict)], cacheable: false };
      case 'hold':
      case 'block': {
        await this.#record(request, judged.digest, verdict);
        return await this.#deny(request, { ...judged, verdict });
      }
    }
  }

  async #record(
    request: PullRequest,
    digest: Digest,
    verdict: Exclude<Verdict, { kind: 'allow' }>,
  ): Promise<void> {
    const { namespaceId, namespace, repository } = request.repository;
    await this.#events.record({
      kind: verdict.kind === 'warn' ? 'pull.warned' : 'pull.blocked',
      namespaceId,
      repository: `${namespace}/${repository}`,
      digest,
      ...(request.tag === undefined ? {} : { tag: request.tag }),
      requester: request.requester,
      verdict,
    });
  }

  async #deny(
    { repository, requester, tag }: PullRequest,
    denied: {
      readonly policy: Policy;
      readonly digest: Digest;
      readonly verdict: Extract<Verdict, { reasons: unknown }>;
    },
  ): Promise<PullDecision> {
    const { policy, digest, verdict } = denied;
    const { reasons } = verdict;
    const name = `${repository.namespace}/${repository.repository}${tag === undefined ? `@${digest}` : `:${tag}`}`;
    const image = await findManifest(this.#db, {
      repositoryId: repository.repositoryId,
      reference: { kind: 'digest', digest },
    });
    const externalUrl = requester.externalUrl ?? this.#externalUrl;
    const reportUrl = image === undefined ? externalUrl : `${externalUrl}/images/${image.imageId}`;
    const [worst] = reasons.flatMap((reason) => (reason.kind === 'state' ? [] : reason.severity));
    const isPending = reasons.some((reason) => reason.kind === 'state' && reason.state === 'pending');
    return {
      kind: 'deny',
      message: `Cannot pull "${name}": the policy of namespace "${repository.namespace}" (${describePolicy(policy)}) refuses it: ${describeReasons(reasons)}. Report: ${reportUrl}`,
      detail: {
        policy: repository.namespace,
        minSeverity: policy.minSeverity,
        digest,
        severity: worst ?? null,
        count: reasons.length,
        reasons: namedReasons(reasons),
        others: Math.max(0, reasons.length - namedReasons(reasons).length),
        exempted: verdict.exempted,
        reportUrl,
      },
      ...(isPending ? { retryAfterSeconds } : {}),
    };
  }
}

function describePolicy(policy: Policy): string {
  const conditions = [
    `severity ${policy.minSeverity} or higher`,
    ...(policy.fixableOnly ? ['with a fix'] : []),
    ...(policy.epssMin === undefined ? [] : [`EPSS ${policy.epssMin} or higher`]),
    ...(policy.knownExploited ? ['or known to be exploited'] : []),
    ...(policy.malware === 'off' ? [] : ['or malware']),
    ...(policy.secrets === 'off' ? [] : [`secrets of severity ${policy.secrets} or higher`]),
  ];
  return conditions.join(', ');
}

function warningOf(verdict: Extract<Verdict, { kind: 'warn' }>): string {
  return `The image is served with a warning: ${describeReasons(verdict.reasons)}`.slice(0, warningLengthMax);
}

/** Bytes that no manifest here refers to were never judged. */
function deniedUnreferenced({ repository, target }: PullRequest): PullDecision {
  const name = `${repository.namespace}/${repository.repository}@${target.digest}`;
  return {
    kind: 'deny',
    message: `Cannot pull blob "${name}": a manifest of this repository that may be pulled must refer to it, got none`,
    detail: { policy: repository.namespace, digest: target.digest, reasons: [] },
  };
}
