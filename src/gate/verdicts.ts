import { listChildrenOf, listLongerIndexes, type ManifestChild } from '../catalog/manifests.ts';
import type { Database } from '../database/database.ts';
import type { Digest } from '../oci/digest.ts';
import { judge } from '../policy/judge.ts';
import type { Policy } from '../policy/policy.ts';
import { unnamedIn, type Verdict } from '../policy/verdict.ts';
import { ContentGoneError } from '../registry/content-gone-error.ts';
import type { ImageFacts } from '../report/image-facts.ts';
import { factsRatedIn } from '../report/rated-in-order.ts';
import type { ImageFactsStore } from '../scan/reports/image-facts-store.ts';
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

/** The first of what an index comes to. */
interface FirstBelow {
  readonly manifests: readonly Digest[];
  /** False: others follow, which nobody has asked for yet. */
  readonly isWhole: boolean;
}

/** The same with the facts that are read already. */
interface KnownBelow extends FirstBelow {
  readonly known: ReadonlyMap<Digest, ImageFacts>;
}

/** Images of an index that are judged at once. */
const imagesPerStep = 100;
/** Entries of an index that are read at first: in most, what comes behind does not matter. */
const firstEntries = 200;

const nothingBelow: FirstBelow = { manifests: [], isWhole: false };

interface JudgeContext {
  readonly policy: NamespacePolicy;
  readonly now: Date;
  /** Vulnerabilities that are named; absent: all. */
  readonly namedMax?: number;
}

/** Vulnerabilities of an image that lists name. */
export const namedInLists = 5;

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
   * namespaces, whose exemptions count all the same. Facts are read in few queries, and of each image's vulnerabilities the
   * worst `namedInLists` are named.
   */
  async verdictsOf(
    images: readonly VerdictQuestion[],
    options: { readonly now: Date; readonly policy?: Policy },
  ): Promise<readonly Verdict[]> {
    const facts = new Map(await this.#options.facts.factsOfMany(images.map(({ digest }) => digest)));
    const indexes = images.filter(({ digest }) => facts.get(digest)?.kind === 'index');
    const below = await this.#firstBelow(indexes.map(({ digest }) => digest));
    const firsts = [...below.values()].flatMap(({ manifests }) => manifests.slice(0, imagesPerStep));
    for (const [digest, one] of await this.#options.facts.factsOfMany(firsts)) facts.set(digest, one);
    const verdicts: Verdict[] = [];
    for (const image of images) {
      const found = facts.get(image.digest);
      const known = { ...(below.get(image.digest) ?? nothingBelow), known: facts };
      verdicts.push(
        found === undefined ? goneVerdict : await this.#storedVerdict(image, { found, known }, options),
      );
    }
    return verdicts;
  }

  async #storedVerdict(
    image: VerdictQuestion,
    { found, known }: { readonly found: ImageFacts; readonly known: KnownBelow },
    options: { readonly now: Date; readonly policy?: Policy },
  ): Promise<Verdict> {
    try {
      const own = await this.policyOf(image.namespaceId);
      const policy = { ...own, policy: options.policy ?? own.policy };
      const context = { policy, now: options.now, namedMax: namedInLists };
      if (found.kind !== 'index') return judgeOne(image, found, context).verdict;
      return (await this.#judgeIndex(image, known, context)).verdict;
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
    if (facts.kind !== 'index') return judgeOne(question, facts, context);
    const below = (await this.#firstBelow([question.digest])).get(question.digest) ?? nothingBelow;
    return await this.#judgeIndex(question, { ...below, known: new Map() }, context);
  }

  /**
   * Each image by itself; attestations and signatures count only where there is no image. Of very many, as many are
   * judged as it takes to find one that may be pulled: then the index may be, whatever the others are.
   */
  async #judgeIndex(question: VerdictQuestion, below: KnownBelow, context: JudgeContext): Promise<Judgement> {
    const images: Judgement[] = [];
    const artifacts: Judgement[] = [];
    for (let start = 0; start < below.manifests.length; start += imagesPerStep) {
      const step = below.manifests.slice(start, start + imagesPerStep);
      const isKnown = step.every((digest) => below.known.has(digest));
      const facts = isKnown ? below.known : await this.#options.facts.factsOfMany(step);
      for (const digest of step) {
        const one = facts.get(digest);
        if (one === undefined) continue;
        (one.kind === 'artifact' ? artifacts : images).push(judgeOne({ ...question, digest }, one, context));
      }
      if (images.some(passes)) break;
    }
    if (!below.isWhole && !images.some(passes)) {
      const all = (await this.#manifestsBelow([question.digest])).get(question.digest) ?? [];
      return await this.#judgeIndex(question, { manifests: all, isWhole: true, known: below.known }, context);
    }
    return anyOf(images.length > 0 ? images : artifacts);
  }

  /** The whole steps of `#manifestsBelow()` that the first entries of each index fill, or all where these are all. */
  async #firstBelow(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, FirstBelow>> {
    const wanted = [...new Set(digests)];
    const { db } = this.#options;
    const [children, longer] = await Promise.all([
      listChildrenOf(db, wanted, firstEntries),
      listLongerIndexes(db, wanted, firstEntries),
    ]);
    return new Map(
      wanted.map((root) => {
        const own = children.get(root) ?? [];
        const listed = [...new Set(own.filter(({ kind }) => kind !== 'index').map(({ digest }) => digest))];
        // What an index below this one lists comes behind everything that this one lists.
        const isWhole = !longer.has(root) && own.every(({ kind }) => kind !== 'index');
        const whole = Math.floor(listed.length / imagesPerStep) * imagesPerStep;
        return [root, { manifests: isWhole ? listed : listed.slice(0, whole), isWhole }];
      }),
    );
  }

  /** What is stored below indexes at any depth, each once and in their order, without the indexes themselves. */
  async #manifestsBelow(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, readonly Digest[]>> {
    const children = new Map<Digest, readonly ManifestChild[]>();
    for (let wanted = [...new Set(digests)]; wanted.length > 0; ) {
      const found = await listChildrenOf(this.#options.db, wanted);
      for (const digest of wanted) children.set(digest, found.get(digest) ?? []);
      const deeper = [...found.values()].flat().filter(({ kind }) => kind === 'index');
      wanted = [...new Set(deeper.map(({ digest }) => digest))].filter((digest) => !children.has(digest));
    }
    return new Map(
      digests.map((root) => {
        const indexes = new Set([root]); // grows while it is walked
        const listed = new Set<Digest>();
        for (const index of indexes)
          for (const { digest, kind } of children.get(index) ?? [])
            (kind === 'index' ? indexes : listed).add(digest);
        return [root, [...listed]];
      }),
    );
  }
}

/** An image or an artifact. */
function judgeOne(
  { digest, repository }: VerdictQuestion,
  facts: ImageFacts,
  { policy: { policy, exemptions, severityOrder }, now, ...named }: JudgeContext,
): Judgement {
  const rated = factsRatedIn(facts, severityOrder);
  const verdict = judge({ facts: rated, policy, exemptions, repository, now, ...named });
  return { verdict, images: [digest], isScanUnderWay: isUnderWay(facts) };
}

function passes({ verdict: { kind } }: Judgement): boolean {
  return kind === 'allow' || kind === 'warn';
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
  const unnamed = verdicts.reduce((sum, verdict) => sum + unnamedIn(verdict), 0);
  const why = { reasons, ...(unnamed === 0 ? {} : { unnamed }), exempted };
  if (judged.some(passes) || verdicts.length === 0) {
    const verdict: Verdict = reasons.length === 0 ? { kind: 'allow', exempted } : { kind: 'warn', ...why };
    return { verdict, images, isScanUnderWay };
  }
  const holds = verdicts.flatMap((verdict) => (verdict.kind === 'hold' ? verdict.holdSeconds : []));
  const verdict: Verdict =
    holds.length === 0
      ? { kind: 'block', ...why }
      : { kind: 'hold', holdSeconds: Math.max(...holds), ...why };
  return { verdict, images, isScanUnderWay };
}
