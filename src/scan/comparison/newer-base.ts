import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Distribution } from '../../report/distribution.ts';
import { orderOf } from '../../versions/order-of.ts';
import { unpackIds } from '../reports/packed-ids.ts';
import { indexImagesMax } from '../reports/read-facts.ts';
import type { BaseImage } from './base-image.ts';
import { isSameReleaseLine, linePrefix } from './release-line.ts';

/** An image that could take the place of a base. */
export interface NewerBase {
  readonly imageId: number;
  readonly digest: Digest;
  readonly tag: string;
  readonly configDigest: Digest;
}

interface Row extends NewerBase {
  readonly distribution: Distribution | null;
}

interface InstalledVersion {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
}

/** Images that are compared with the base package by package; of those of one index one is for its platform. */
const comparedMax = 12;
// Whoever may push to the base's repository gives it as many tags and images as they like.
/** Tags of the base whose lines are followed: of those that lead to it, and of those that did. */
const tagsFollowedMax = 20;
const tagsReadMax = 500;
const candidatesMax = 2_000;

/**
 * Stored and wholly scanned images of the base's repository that go on with its release line, newest first: pushed later,
 * under the same tag or one of a later step, with other layers, and without a package that is older or cannot be compared.
 * That they are for the same platform is for the caller to tell, by their configs.
 */
export async function findNewerBases(db: Database, base: BaseImage): Promise<readonly NewerBase[]> {
  const followed = [...base.tags.slice(0, tagsFollowedMax), ...base.formerTags.slice(0, tagsFollowedMax)];
  const tags = [...new Set(followed)];
  const before = await readReport(db, base.digest);
  if (tags.length === 0 || before === undefined) return [];
  const rows = await readCandidates(db, base, tags);
  const candidates = rows.filter((row) =>
    tags.some((tag) =>
      isSameReleaseLine(
        { tag, distribution: before.distribution ?? undefined },
        { tag: row.tag, distribution: row.distribution ?? undefined },
      ),
    ),
  );
  const once = [...new Map(candidates.map((row) => [row.digest, row])).values()].slice(0, comparedMax);
  const installed = await readVersions(db, before.packageSet);
  const newer: NewerBase[] = [];
  for (const { imageId, digest, tag, configDigest } of once) {
    const after = await readReport(db, digest);
    if (after === undefined || !isNowhereOlder(installed, await readVersions(db, after.packageSet))) continue;
    newer.push({ imageId, digest, tag, configDigest });
  }
  return newer;
}

async function readReport(
  db: Database,
  digest: Digest,
): Promise<{ readonly distribution: Distribution | null; readonly packageSet: Buffer } | undefined> {
  const { rows } = await sql<{ distribution: Distribution | null; packageSet: Buffer }>`
    select distribution, package_set as "packageSet" from image_report
    where manifest_digest = ${digest} and outcome = 'scanned'`.execute(db);
  return rows[0];
}

async function readCandidates(
  db: Database,
  base: BaseImage,
  tags: readonly string[],
): Promise<readonly Row[]> {
  const prefixes = new Set(tags.flatMap((tag) => linePrefix(tag) ?? []));
  const patterns = [...prefixes].map((prefix) => `${escapeLike(prefix)}%`);
  const { rows } = await sql<Row>`
    with named as (
      select t.name, t.manifest_digest from tag t
      where t.repository_id = ${base.repositoryId}
        and (t.name = any(${[...tags]}::text[]) or t.name like any(${patterns}::text[]))
      order by t.updated_at desc limit ${tagsReadMax})
    select rm.id as "imageId", self.digest, named.name as tag, m.config_digest as "configDigest", r.distribution
    from named
    cross join lateral (
      select named.manifest_digest as digest
      union select c.child_digest from manifest_child c
      where c.parent_digest = named.manifest_digest and c.position < ${indexImagesMax}) self
    join repository_manifest rm
      on rm.repository_id = ${base.repositoryId} and rm.manifest_digest = self.digest and rm.pushed_at > ${base.pushedAt}
    join manifest m on m.digest = self.digest and m.kind = 'image' and m.config_digest is not null
    join image_report r on r.manifest_digest = self.digest and r.outcome = 'scanned'
    join layer_chain chain on chain.manifest_digest = self.digest
    where chain.chain_id <> (select c.chain_id from layer_chain c where c.manifest_digest = ${base.digest})
    order by rm.pushed_at desc, rm.id desc, named.name limit ${candidatesMax}`.execute(db);
  return rows;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, String.raw`\$&`);
}

/** Versions by ecosystem and name; a package may be installed in several. */
async function readVersions(
  db: Database,
  packageSet: Buffer,
): Promise<ReadonlyMap<string, readonly InstalledVersion[]>> {
  const { rows } = await sql<InstalledVersion>`
    select ecosystem, name, version from package
    where id = any(${unpackIds(packageSet)}::int[])`.execute(db);
  return Map.groupBy(rows, ({ ecosystem, name }) => `${ecosystem} ${name}`);
}

/** Of packages in both, each must be as new or newer; which of several versions went on with which cannot be told. */
function isNowhereOlder(
  before: ReadonlyMap<string, readonly InstalledVersion[]>,
  after: ReadonlyMap<string, readonly InstalledVersion[]>,
): boolean {
  for (const [key, old] of before) {
    const next = after.get(key);
    if (next === undefined || isSameVersions(old, next)) continue;
    const [one, other] = [old[0], next[0]];
    if (one === undefined || other === undefined || old.length > 1 || next.length > 1) return false;
    if (orderOf(one.ecosystem)?.compare(other.version, one.version) !== 'greater') return false;
  }
  return true;
}

function isSameVersions(a: readonly InstalledVersion[], b: readonly InstalledVersion[]): boolean {
  const versions = (list: readonly InstalledVersion[]) =>
    JSON.stringify(list.map(({ version }) => version).sort());
  return versions(a) === versions(b);
}
