import { listChildren } from '../catalog/manifests.ts';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import { judge } from '../policy/judge.ts';
import type { Policy } from '../policy/policy.ts';
import type { Verdict } from '../policy/verdict.ts';
import { ContentGoneError } from '../registry/content-gone-error.ts';
import type { ImageFacts } from '../report/image-facts.ts';
import type { ImageFactsStore } from '../scan/image-facts-store.ts';
import type { NamespacePolicies, NamespacePolicy } from './namespace-policies.ts';
import type { ScanChanges } from './scan-changes.ts';

export interface VerdictQuestion {
  readonly namespaceId: number;
  /** Name of the repository below its namespace. */
  readonly repository: string;
  readonly digest: Digest;
}

/** A verdict with what it was made of. */
export interface Judgement {
  readonly verdict: Verdict;
  /** The images that were judged: the manifest itself, or those an index lists. */
  readonly images: readonly Digest[];
  /** A scan that is queued or runs will settle it. */
  readonly isScanUnderWay: boolean;
}

export interface VerdictsOptions {
  readonly db: Database;
  readonly facts: ImageFactsStore;
  readonly policies: NamespacePolicies;
  readonly changes: ScanChanges;
  readonly now: () => Date;
}

/** The manifest went while it was judged. */
export class FactsMissingError extends ContentGoneError {
  override readonly code = 'facts_missing';
  constructor(digest: string) {
    super(`Cannot judge "${digest}": its manifest must be stored, got none`);
    this.name = 'FactsMissingError';
  }
}

interface JudgeContext {
  readonly policy: NamespacePolicy;
  readonly now: Date;
}

/** For lists: an image that went after the list was read can no longer be pulled. */
const goneVerdict: Verdict = {
  kind: 'block',
  reasons: [{ kind: 'state', state: 'failed', message: 'the image is no longer stored' }],
  exempted: 0,
};

/** What the gate answers for a digest in a repository: the one place where facts, policy and clock meet. */
export class Verdicts {
  readonly #options: VerdictsOptions;

  constructor(options: VerdictsOptions) {
    this.#options = options;
  }

  async policyOf(namespaceId: number): Promise<NamespacePolicy> {
    return await this.#options.policies.of(namespaceId);
  }

  /** The verdict as things stand. Throws where it cannot be told. */
  async verdictOf(question: VerdictQuestion): Promise<Judgement> {
    return await this.#judge(question, await this.#contextOf(question.namespaceId));
  }

  /**
   * One verdict per image, in their order, by stored facts and without waiting; `policy` stands for those of the
   * namespaces, whose exemptions count all the same. Facts are read in few queries.
   */
  async verdictsOf(
    images: readonly VerdictQuestion[],
    options: { readonly now: Date; readonly policy?: Policy },
  ): Promise<readonly Verdict[]> {
    const facts = await this.#options.facts.factsOfMany(images.map(({ digest }) => digest));
    const verdicts: Verdict[] = [];
    for (const image of images) {
      const found = facts.get(image.digest);
      verdicts.push(found === undefined ? goneVerdict : await this.#storedVerdict(image, found, options));
    }
    return verdicts;
  }

  async #storedVerdict(
    image: VerdictQuestion,
    facts: ImageFacts,
    options: { readonly now: Date; readonly policy?: Policy },
  ): Promise<Verdict> {
    try {
      const own = await this.policyOf(image.namespaceId);
      const policy = { ...own, policy: options.policy ?? own.policy };
      return (await this.#judgeFacts(image, facts, { policy, now: options.now })).verdict;
    } catch (error) {
      if (error instanceof ContentGoneError) return goneVerdict;
      throw error;
    }
  }

  /** The verdict of one image after waiting, at most `waitMs`, for a scan that is under way. */
  async verdictAfter(
    image: VerdictQuestion,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<Verdict> {
    return (await this.settled(() => this.verdictOf(image), options)).verdict;
  }

  /** The best verdict of several manifests: bytes that one of them may be pulled with may be pulled. */
  async bestVerdictOf(
    question: Omit<VerdictQuestion, 'digest'>,
    digests: readonly Digest[],
  ): Promise<Judgement> {
    const context = await this.#contextOf(question.namespaceId);
    const judged: Judgement[] = [];
    for (const digest of digests) {
      const one = await this.#judge({ ...question, digest }, context);
      if (one.verdict.kind === 'allow' || one.verdict.kind === 'warn') return one;
      judged.push(one);
    }
    return anyOf(judged);
  }

  /**
   * `look`'s judgement, after waiting for scans that are under way: at most as long as its `hold` says, or `waitMs`
   * where given. What then still holds is left as it is.
   */
  async settled(
    look: () => Promise<Judgement>,
    options: { readonly waitMs?: number; readonly signal: AbortSignal },
  ): Promise<Judgement> {
    const first = await look();
    if (!isOpen(first, options.waitMs)) return first;
    const holdMs = first.verdict.kind === 'hold' ? first.verdict.holdSeconds * 1_000 : 0;
    let last = first;
    await this.#options.changes.waitFor({
      digests: first.images,
      timeoutMs: options.waitMs ?? holdMs,
      signal: options.signal,
      look: async () => {
        last = await look();
        return isOpen(last, options.waitMs) ? undefined : last;
      },
    });
    return last;
  }

  async #contextOf(namespaceId: number): Promise<JudgeContext> {
    return { policy: await this.policyOf(namespaceId), now: this.#options.now() };
  }

  async #judge(question: VerdictQuestion, context: JudgeContext): Promise<Judgement> {
    const facts = await this.#options.facts.factsOf(question.digest);
    if (facts === undefined) throw new FactsMissingError(question.digest);
    return await this.#judgeFacts(question, facts, context);
  }

  async #judgeFacts(question: VerdictQuestion, facts: ImageFacts, context: JudgeContext): Promise<Judgement> {
    const { digest, repository } = question;
    const { policy, exemptions } = context.policy;
    if (facts.kind !== 'index') {
      const verdict = judge({ facts, policy, exemptions, repository, now: context.now });
      return { verdict, images: [digest], isScanUnderWay: isUnderWay(facts) };
    }
    const judged: Judgement[] = [];
    for (const image of await this.#imagesOf(digest)) {
      judged.push(await this.#judge({ ...question, digest: image }, context));
    }
    return anyOf(judged);
  }

  /** The stored images below an index, each once; attestations and signatures count only where there is no image. */
  async #imagesOf(digest: Digest): Promise<readonly Digest[]> {
    const indexes = new Set([digest]); // grows while it is walked
    const listed = new Set<Digest>();
    for (const index of indexes) {
      for (const child of await listChildren(this.#options.db, index)) {
        (child.kind === 'index' ? indexes : listed).add(child.digest);
      }
    }
    const images: Digest[] = [];
    const artifacts: Digest[] = [];
    for (const child of listed) {
      const facts = await this.#options.facts.factsOf(child);
      if (facts !== undefined) (facts.kind === 'artifact' ? artifacts : images).push(child);
    }
    return images.length > 0 ? images : artifacts;
  }
}

function isUnderWay({ states }: ImageFacts): boolean {
  const { state } = states.vulnerabilities;
  return state === 'queued' || state === 'scanning';
}

/** Whether waiting can change the answer. Who asks for a verdict by itself (`waitMs`) waits for any scan without a result. */
function isOpen({ verdict, isScanUnderWay }: Judgement, waitMs: number | undefined): boolean {
  if (!isScanUnderWay) return false;
  if (verdict.kind === 'hold') return true;
  return waitMs !== undefined && 'reasons' in verdict && verdict.reasons.some(isPending);
}

function isPending(reason: { readonly kind: string; readonly state?: string }): boolean {
  return reason.kind === 'state' && reason.state === 'pending';
}

/**
 * One verdict for bytes that several images share: refused only when all of them are, held while one may still pass. Where
 * some pass and some do not, that is worth a warning.
 */
function anyOf(judged: readonly Judgement[]): Judgement {
  const images = judged.flatMap((one) => one.images);
  const isScanUnderWay = judged.some((one) => one.isScanUnderWay);
  const verdicts = judged.map(({ verdict }) => verdict);
  const reasons = verdicts.flatMap((verdict) => ('reasons' in verdict ? verdict.reasons : []));
  const exempted = verdicts.reduce((sum, verdict) => sum + verdict.exempted, 0);
  const passes = verdicts.some(({ kind }) => kind === 'allow' || kind === 'warn');
  if (passes || verdicts.length === 0) {
    const verdict: Verdict =
      reasons.length === 0 ? { kind: 'allow', exempted } : { kind: 'warn', reasons, exempted };
    return { verdict, images, isScanUnderWay };
  }
  const holds = verdicts.flatMap((verdict) => (verdict.kind === 'hold' ? verdict.holdSeconds : []));
  const verdict: Verdict =
    holds.length === 0
      ? { kind: 'block', reasons, exempted }
      : { kind: 'hold', holdSeconds: Math.max(...holds), reasons, exempted };
  return { verdict, images, isScanUnderWay };
}
