import { sql, type Transaction } from 'kysely';
import { listExemptions } from '../catalog/exemptions.ts';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import { exemptionOf, exemptionsFor } from '../policy/exemption-of.ts';
import type { Exemption } from '../policy/policy.ts';
import { compareFindings } from '../report/compare-findings.ts';
import { packagesRatedIn } from '../report/rated-in-order.ts';
import { defaultSeverityOrder, type SeverityOrder } from '../report/severity-order.ts';
import type { DifferenceObserver, JudgedPackages } from '../scan/matches/difference-observer.ts';
import {
  changeIn,
  type MatchChange,
  type MatchHistory,
  takeMatchChanges,
} from '../scan/matches/match-changes.ts';
import { readPackageFacts } from '../scan/matches/read-package-facts.ts';
import { unpackIds } from '../scan/reports/packed-ids.ts';
import { type Difference, differenceOf } from './difference.ts';
import { type HeldImage, heldWhereAsked, nameOf, packagesPushedBefore } from './held-images.ts';
import { listedFindingsMax, listedImagesMax } from './message.ts';

/** A change of one package's finding, before anybody's exemptions. */
type Found = Omit<MatchChange, 'packageId' | 'ecosystem'>;

/** Images in one step of the pass over all packed sets. */
const chunkImages = 2_000;
/** The first scan of an image that was pushed longer ago is no news of a push. */
const pushIsNewsHours = 24;

/**
 * Writes events `findings.changed`: one for each namespace that a re-match touches, however many images that are, and one
 * for each scan that finds otherwise than before. Only where a webhook asks for them. What a namespace's allowlist holds
 * is left out.
 */
export class FindingDifferences implements DifferenceObserver {
  readonly #now: () => Date;

  constructor(options: { readonly now: () => Date }) {
    this.#now = options.now;
  }

  async isWanted(db: Database): Promise<boolean> {
    const { rows } = await sql<{ wanted: boolean }>`
      select exists (select from webhook where enabled and 'findings.changed' = any(kinds)) as wanted`.execute(
      db,
    );
    return rows[0]?.wanted === true;
  }

  /** One transaction: what was noted is gone exactly when the events are there. */
  async reMatched(db: Database): Promise<void> {
    const { rows } = await sql<{
      noted: boolean;
    }>`select exists (select from match_change where untold) as noted`.execute(db);
    if (rows[0]?.noted !== true) return;
    await db.transaction().execute(async (transaction) => {
      const changes = Map.groupBy(await takeMatchChanges(transaction), ({ packageId }) => packageId);
      const namespaces = new NamespaceDifferences(transaction, this.#now());
      if (changes.size > 0) await this.#findHolders(transaction, changes, namespaces);
      for (const one of namespaces.all()) await recordDifference(transaction, one, { cause: 'advisories' });
    });
  }

  async judged(transaction: Transaction<Tables>, image: JudgedPackages): Promise<void> {
    if (!(await this.isWanted(transaction))) return;
    const now = this.#now();
    const held = await heldWhereAsked(transaction, [image.digest]);
    // Once in a namespace: for the repository that it was pushed to last.
    const newest = held.toSorted((a, b) => b.pushedAt.getTime() - a.pushedAt.getTime());
    for (const own of Map.groupBy(newest, ({ namespaceId }) => namespaceId).values()) {
      const [first] = own;
      if (first !== undefined) await this.#judgedIn(transaction, { image, held: first, now });
    }
  }

  async #judgedIn(
    transaction: Transaction<Tables>,
    { image, held, now }: { readonly image: JudgedPackages; readonly held: HeldImage; readonly now: Date },
  ): Promise<void> {
    const isRepeated = image.packageIdsBefore !== undefined;
    if (!isRepeated && now.getTime() - held.pushedAt.getTime() > pushIsNewsHours * 3_600_000) return;
    const before = isRepeated ? undefined : await packagesPushedBefore(transaction, held);
    const idsBefore = image.packageIdsBefore ?? (before === undefined ? [] : unpackIds(before.packed));
    const sets = { before: idsBefore, after: image.packageIds };
    const found = await differencesOf(transaction, sets, held.severityOrder ?? defaultSeverityOrder);
    const namespaces = new NamespaceDifferences(transaction, now);
    // Of an image that was not read whole, nobody knows that anything is gone.
    await namespaces.add(held, image.isWhole ? found : found.filter(({ change }) => change !== 'removed'));
    for (const one of namespaces.all()) {
      await recordDifference(transaction, one, {
        cause: isRepeated ? 'scan' : 'push',
        ...(before === undefined ? {} : { comparedWith: before.digest }),
      });
    }
  }

  async #findHolders(
    transaction: Transaction<Tables>,
    changes: ReadonlyMap<number, readonly MatchHistory[]>,
    namespaces: NamespaceDifferences,
  ): Promise<void> {
    for (let after = ''; ; ) {
      const rows = await transaction
        .selectFrom('image_report')
        .select(['manifest_digest', 'package_set'])
        .where('manifest_digest', '>', after)
        .orderBy('manifest_digest')
        .limit(chunkImages)
        .execute();
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.manifest_digest;
      const byDigest = new Map<string, readonly MatchHistory[]>();
      for (const row of rows) {
        const own = unpackIds(row.package_set).flatMap((id) => changes.get(id) ?? []);
        if (own.length > 0) byDigest.set(row.manifest_digest, own);
      }
      if (byDigest.size === 0) continue;
      for (const held of await heldWhereAsked(transaction, [...byDigest.keys()]))
        await namespaces.add(
          held,
          (byDigest.get(held.digest) ?? []).flatMap((one) => changeIn(one, held.severityOrder) ?? []),
        );
    }
  }
}

interface NamespaceDifference {
  readonly namespaceId: number;
  readonly namespace: string;
  /** By change, id, package and version: images share most of theirs. */
  readonly found: Map<string, Found>;
  readonly images: string[];
  imageCount: number;
}

/** What is different in each namespace, less what its allowlist holds. */
class NamespaceDifferences {
  readonly #db: Database;
  readonly #now: Date;
  readonly #namespaces = new Map<number, NamespaceDifference>();
  readonly #exemptions = new Map<number, readonly Exemption[]>();

  constructor(db: Database, now: Date) {
    this.#db = db;
    this.#now = now;
  }

  async add(held: HeldImage, found: readonly Found[]): Promise<void> {
    const all = await this.#exemptionsOf(held.namespaceId);
    const { digest, repository } = held;
    const exemptions = all.length === 0 ? [] : exemptionsFor(all, { digest, repository, now: this.#now });
    const counting = found.filter((one) => exemptionOf(exemptions, one, one) === undefined);
    if (counting.length === 0) return;
    const own = this.#of(held);
    for (const one of counting)
      own.found.set(JSON.stringify([one.change, one.id, one.name, one.version]), one);
    own.imageCount += 1;
    if (own.images.length < listedImagesMax) own.images.push(nameOf(held));
  }

  all(): readonly NamespaceDifference[] {
    return [...this.#namespaces.values()];
  }

  #of({ namespaceId, namespace }: HeldImage): NamespaceDifference {
    const known = this.#namespaces.get(namespaceId);
    if (known !== undefined) return known;
    const made = { namespaceId, namespace, found: new Map(), images: [], imageCount: 0 };
    this.#namespaces.set(namespaceId, made);
    return made;
  }

  async #exemptionsOf(namespaceId: number): Promise<readonly Exemption[]> {
    const known = this.#exemptions.get(namespaceId);
    if (known !== undefined) return known;
    const read = await listExemptions(this.#db, namespaceId);
    this.#exemptions.set(namespaceId, read);
    return read;
  }
}

/** What is in one set of packages and not in the other, as far as that is known. */
async function differencesOf(
  db: Database,
  sets: { readonly before: readonly number[]; readonly after: readonly number[] },
  order: SeverityOrder,
): Promise<readonly Found[]> {
  const factsOf = async (ids: readonly number[]) =>
    packagesRatedIn([...(await readPackageFacts(db, ids)).values()], order);
  const found = compareFindings({ before: await factsOf(sets.before), after: await factsOf(sets.after) });
  return found.flatMap(({ change, name, version, source, vulnerability }) => {
    const { id, aliases, severity, fixedVersion, knownExploited, undetermined } = vulnerability;
    if (change === 'unchanged' || undetermined) return [];
    const fixedSource = source === undefined ? {} : { fixedSource: source.name };
    const fix = fixedVersion === undefined ? {} : { fixedVersion, ...fixedSource };
    return { change, name, version, id, aliases, severity, knownExploited, undetermined, ...fix };
  });
}

/** The trigger of migration 0018 queues the deliveries. */
async function recordDifference(
  transaction: Transaction<Tables>,
  { namespaceId, namespace, found, images, imageCount }: NamespaceDifference,
  why: Pick<Difference, 'cause' | 'comparedWith'>,
): Promise<void> {
  const findings = [...found.values()].map((one) => ({
    change: one.change,
    id: one.id,
    severity: one.severity,
    ...(one.previousSeverity === undefined ? {} : { previousSeverity: one.previousSeverity }),
    package: one.name,
    version: one.version,
    ...(one.fixedVersion === undefined ? {} : { fixedVersion: one.fixedVersion }),
    ...(one.fixedSource === undefined ? {} : { fixedSource: one.fixedSource }),
    knownExploited: one.knownExploited,
  }));
  const details = differenceOf(findings, { ...why, images, imageCount }, listedFindingsMax);
  await transaction
    .insertInto('event')
    .values({
      kind: 'findings.changed',
      namespace_id: namespaceId,
      actor: 'pratique',
      client: null,
      subject: imageCount === 1 ? (images[0] ?? namespace) : namespace,
      details: JSON.stringify(details),
    })
    .execute();
}
