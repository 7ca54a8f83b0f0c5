import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { isReferredTo, parseSearchedReference } from './_reference-search.ts';

/** A text is looked up from the tags and repositories that bear it; of one that more bear, a page is found sooner by walking the list. */
const tagsLookedUpMax = 20_000;
const repositoriesLookedUpMax = 500;
/** Different images of those tags. */
const taggedImagesMax = 5_000;
/** A shorter text has no trigram of its own: only where a word begins with it can it be looked up. */
const partLengthMin = 3;

/** Images that a text finds, as a subquery of their ids. */
export interface FoundIds {
  readonly ids: RawBuilder<unknown>;
  /** More tags bear the text than were read. */
  readonly isCut: boolean;
}

export interface TextSearch {
  /** On the tables of `prepareFilter()`. */
  readonly condition: RawBuilder<unknown>;
  /** Absent when `condition` looks them up by itself. */
  readonly found?: FoundIds;
}

interface Asked {
  readonly search?: string;
  readonly namespaceIds?: readonly number[];
}

/**
 * How images are found whose repository, tag or digest bears a text, in upper or lower case, or which it names as a client
 * would; undefined: there is no text.
 */
export async function findText(db: Database, asked: Asked): Promise<TextSearch | undefined> {
  const text = asked.search?.toLowerCase() ?? '';
  if (text === '') return undefined;
  const reference = parseSearchedReference(text);
  if (reference !== undefined) return { condition: isReferredTo(reference, isVisible(asked)) };
  const tags = tagsOf(text, asked);
  const [repositories, tagged] = await Promise.all([
    sql<{ id: number }>`
      select r.id from repository r join namespace n on n.id = r.namespace_id
      where ${isInName(text)} and ${isVisible(asked)} limit ${repositoriesLookedUpMax + 1}`.execute(db),
    // Every row says how many tags there were before they were put together.
    sql<{ repository: number; digest: string; tags: number }>`
      select x.repository_id as repository, x.manifest_digest as digest, sum(count(*)) over ()::int as tags
      from (${tags} limit ${tagsLookedUpMax + 1}) x group by 1, 2 limit ${taggedImagesMax + 1}`.execute(db),
  ]);
  const repositoryIds = repositories.rows.map(({ id }) => id);
  const isCut = (tagged.rows[0]?.tags ?? 0) > tagsLookedUpMax;
  const isFew = repositoryIds.length <= repositoriesLookedUpMax;
  const digests = digestConditions(text);
  if (isFew && !isCut && tagged.rows.length <= taggedImagesMax) {
    const pairs = sql`unnest(${tagged.rows.map((tag) => tag.repository)}::bigint[],
      ${tagged.rows.map((tag) => tag.digest)}::text[]) as t (repository_id, manifest_digest)`;
    const named = sql`x.repository_id = any(${repositoryIds}::bigint[])`;
    return { condition: sql`rm.id in (${sql.join(idsOf({ named, pairs, digests }), sql` union all `)})` };
  }
  const named = isFew ? sql`rm.repository_id = any(${repositoryIds}::bigint[])` : isInName(text);
  const pairs = sql`(${tags} limit ${tagsLookedUpMax}) t`;
  const inNamed = sql`x.repository_id in (
    select r.id from repository r join namespace n on n.id = r.namespace_id where ${isInName(text)} and ${isVisible(asked)})`;
  return {
    condition: sql`(${named} ${digests.length === 0 ? sql`` : sql`or ${isDigest(digests)}`} or ${isTagged(text)})`,
    found: { ids: sql.join(idsOf({ named: inNamed, pairs, digests }), sql` union `), isCut },
  };
}

/** Ids of what is in the repositories, has one of the tags, or one of the digests; some of them twice. */
function idsOf(by: {
  readonly named: RawBuilder<unknown>;
  readonly pairs: RawBuilder<unknown>;
  readonly digests: readonly RawBuilder<unknown>[];
}): readonly RawBuilder<unknown>[] {
  return [
    sql`select x.id from repository_manifest x where ${by.named}`,
    sql`select x.id from ${by.pairs}
      join repository_manifest x on x.repository_id = t.repository_id and x.manifest_digest = t.manifest_digest`,
    ...by.digests.map(
      (condition) => sql`
      select x.id from manifest d join repository_manifest x on x.manifest_digest = d.digest where ${condition}`,
    ),
  ];
}

function isVisible({ namespaceIds }: Asked): RawBuilder<unknown> {
  return namespaceIds === undefined ? sql`true` : sql`r.namespace_id = any(${namespaceIds}::bigint[])`;
}

/** strpos() knows no wildcards, and in patterns they are escaped (threats.md E2). */
function isInName(text: string): RawBuilder<unknown> {
  if (text.length >= partLengthMin) return sql`strpos(n.name || '/' || r.name, ${text}) > 0`;
  return sql`'/' || n.name || '/' || r.name ~ ${`[-._/]${escapeRegex(text)}`}`;
}

/** The tags that bear the text, by their trigrams. */
function tagsOf(text: string, asked: Asked): RawBuilder<unknown> {
  const like = (pattern: string) => sql`lower(t.name) like ${pattern}`;
  const part = text.replace(/[\\%_]/g, '\\$&');
  const patterns =
    text.length >= partLengthMin
      ? [like(`%${part}%`)]
      : [like(`${part}%`), like(`%-${part}%`), like(`%.${part}%`), like(`%\\_${part}%`)];
  const bears = isTagText(text) ? sql`(${sql.join(patterns, sql` or `)})` : sql`false`;
  const inScope =
    asked.namespaceIds === undefined
      ? sql`true`
      : sql`t.repository_id in (select r.id from repository r where ${isVisible(asked)})`;
  return sql`select t.repository_id, t.manifest_digest from tag t where ${bears} and ${inScope}`;
}

/** The same for one image after the other: by expressions that have no index, so that its few tags are looked through. */
function isTagged(text: string): RawBuilder<unknown> {
  if (!isTagText(text)) return sql`false`;
  const bears =
    text.length >= partLengthMin
      ? sql`strpos(lower(t.name), ${text}) > 0`
      : sql`'.' || lower(t.name) ~ ${`[-._]${escapeRegex(text)}`}`;
  return sql`(select true from tag t
    where t.repository_id = rm.repository_id and t.manifest_digest = rm.manifest_digest and ${bears} limit 1)`;
}

/** A tag has no other characters; and of one or two that are neither letter nor digit there is no trigram. */
function isTagText(text: string): boolean {
  return /^[a-z0-9._-]+$/.test(text) && (text.length >= partLengthMin || /[a-z0-9]/.test(text));
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?()[\]{}^$|\\-]/g, '\\$&');
}

function isDigest(digests: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql`exists (select from manifest d where d.digest = rm.manifest_digest and (${sql.join(digests, sql` or `)}))`;
}

/** Of a text that can be the start of a digest: of the manifest's, or of its config's (the image ID). As ranges, for the indexes. */
function digestConditions(text: string): readonly RawBuilder<unknown>[] {
  const [, algorithm = 'sha256', hex] = /^(?:(sha256|sha512):)?([0-9a-f]{1,128})$/.exec(text) ?? [];
  // Of one or two digits there are thousands, and nobody means them.
  if (hex === undefined || text.length < partLengthMin) return [];
  const from = `${algorithm}:${hex}`;
  const until = `${from}g`; // behind every hexadecimal digit
  return [
    sql`d.digest >= ${from} and d.digest < ${until}`,
    sql`d.config_digest >= ${from} and d.config_digest < ${until}`,
  ];
}
