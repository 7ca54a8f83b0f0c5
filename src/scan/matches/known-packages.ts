import type { Database } from '../../database/database.ts';
import type { PackageFacts } from '../../report/image-facts.ts';
import { readPackageFacts } from './read-package-facts.ts';

/** Findings of the packages seen so far: images share most of them, so a pass over many reads each once. */
export class KnownPackages {
  readonly #db: Database;
  readonly #seen = new Set<number>();
  /** Only those with a finding. */
  readonly #facts = new Map<number, PackageFacts>();

  constructor(db: Database) {
    this.#db = db;
  }

  async load(ids: readonly number[]): Promise<void> {
    const missing = [...new Set(ids.filter((id) => !this.#seen.has(id)))];
    for (const [id, facts] of await readPackageFacts(this.#db, missing)) this.#facts.set(id, facts);
    for (const id of missing) this.#seen.add(id);
  }

  of(ids: readonly number[]): readonly PackageFacts[] {
    return ids.flatMap((id) => this.#facts.get(id) ?? []);
  }
}
