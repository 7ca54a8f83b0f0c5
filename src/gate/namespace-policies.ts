import { LRUCache } from 'lru-cache';
import { listExemptions } from '../catalog/exemptions.ts';
import { readNamespace } from '../catalog/namespaces.ts';
import type { Database } from '../database/database.ts';
import { readStoredPolicy } from '../policy/parse-policy.ts';
import type { Exemption, Policy } from '../policy/policy.ts';
import { ContentGoneError } from '../registry/content-gone-error.ts';
import { type SeverityOrder, severityOrderOfKey } from '../report/severity-order.ts';
import type { ChangeListener } from '../scan/reports/image-facts-store.ts';

/** What a namespace judges by. */
export interface NamespacePolicy {
  readonly policy: Policy;
  /** Expired ones too: the clock at the pull decides. */
  readonly exemptions: readonly Exemption[];
  /** Whose rating of a vulnerability counts first; absent: the default order. */
  readonly severityOrder?: SeverityOrder;
}

/** The namespace went while somebody pulled from it. */
export class NamespaceGoneError extends ContentGoneError {
  override readonly code = 'namespace_gone';
  constructor(namespaceId: number) {
    super(`Cannot read the policy of namespace ${namespaceId}: it must exist, got none`);
    this.name = 'NamespaceGoneError';
  }
}

const entryTtlMs = 5_000;
const entriesMax = 1_000;

/** Policies and exemptions of namespaces, at most 5 seconds old; read afresh while changes cannot be heard of. */
export class NamespacePolicies {
  readonly #db: Database;
  readonly #listener: ChangeListener;
  readonly #entries = new LRUCache<number, NamespacePolicy>({
    max: entriesMax,
    ttl: entryTtlMs,
    // The age is looked at anew each time, also right after this process stood still.
    ttlResolution: 0,
  });
  /** How often something was forgotten. */
  #changes = 0;
  readonly #unsubscribe: () => void;

  constructor(options: { readonly db: Database; readonly listener: ChangeListener }) {
    this.#db = options.db;
    this.#listener = options.listener;
    this.#unsubscribe = options.listener.subscribe(
      'pratique_policy',
      (payload) => this.#forget(Number(payload)),
      () => this.#forgetAll(),
    );
  }

  /** Throws when the policy cannot be read: nothing is then to be served. */
  async of(namespaceId: number): Promise<NamespacePolicy> {
    if (!this.#listener.isListening()) return await this.#read(namespaceId);
    const known = this.#entries.get(namespaceId);
    if (known !== undefined) return known;
    // It is as old as the question, however long the answer takes. Whoever else asks meanwhile reads too: to wait for
    // another's answer would be to wait by that one's turn and patience (threats.md F10).
    const start = performance.now();
    const changes = this.#changes;
    const read = await this.#read(namespaceId);
    // Forgotten meanwhile: it may be the old one.
    if (this.#changes === changes) this.#entries.set(namespaceId, read, { start });
    return read;
  }

  close(): void {
    this.#unsubscribe();
    this.#forgetAll();
  }

  async #read(namespaceId: number): Promise<NamespacePolicy> {
    const [namespace, exemptions] = await Promise.all([
      readNamespace(this.#db, namespaceId),
      listExemptions(this.#db, namespaceId),
    ]);
    if (namespace === undefined) throw new NamespaceGoneError(namespaceId);
    const { severityOrder: key } = namespace;
    const order = key === undefined ? {} : { severityOrder: severityOrderOfKey(key) };
    return { policy: readStoredPolicy(namespace.policy), exemptions, ...order };
  }

  #forget(namespaceId: number): void {
    if (Number.isNaN(namespaceId)) {
      this.#forgetAll();
      return;
    }
    this.#changes += 1;
    this.#entries.delete(namespaceId);
  }

  #forgetAll(): void {
    this.#changes += 1;
    this.#entries.clear();
  }
}
