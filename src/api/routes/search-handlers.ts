import { readKnownPackages } from '../../lists/find-packages.ts';
import { readImageSample } from '../../lists/image-sample.ts';
import { countHoldersOfEach, heldAmong, type SampledScope } from '../../lists/package-holders.ts';
import { type RankedVulnerability, rankVulnerabilities } from '../../lists/rank-vulnerabilities.ts';
import { meantPackages, summariseSearch } from '../../lists/search-packages.ts';
import { readVulnerabilityPage, type VulnerabilityPageRequest } from '../../lists/vulnerability-list.ts';
import { packagesRatedIn } from '../../report/rated-in-order.ts';
import { defaultSeverityOrder, type SeverityOrder, severityOrderKey } from '../../report/severity-order.ts';
import { readPackageFacts } from '../../scan/matches/read-package-facts.ts';
import { CountCache } from '../answers/count-cache.ts';
import { countRated } from '../answers/count-severities.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { AtMost } from '../at-most.ts';
import type { HandlersOf } from '../call.ts';
import type { HeldPackage, OpenVulnerability, Search, VulnerabilityQuery } from '../contract/search.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { holderScope, severityOrderOf } from '../holder-scope.ts';
import { limitOf, type Page, pageOf } from '../page-of.ts';
import { readSearch } from '../read-search.ts';

const idsShown = 20;

export function searchHandlers(
  dependencies: ApiDependencies & { readonly searches: AtMost },
): HandlersOf<'search' | 'searchPackages' | 'listVulnerabilities'> {
  const { db, searches, now: clock } = dependencies;
  const rankings = new CountCache<readonly RankedVulnerability[]>({
    now: clock,
    sizeOf: (all) => all.length,
    // It reads every match that there is, and decides about order and total alone.
    freshMs: 60_000,
    keptMs: 300_000,
  });
  const ranking = (order: SeverityOrder | undefined) =>
    rankings.of(order === undefined ? '' : severityOrderKey(order), () => rankVulnerabilities(db, order));
  return {
    search: (call) => searches.run(() => answerSearch(dependencies, call)),
    searchPackages: (call) => searches.run(() => answerPackages(dependencies, call)),
    listVulnerabilities: (call) => searches.run(() => answerVulnerabilities(dependencies, call, ranking)),
  };
}

type CallOf<Id extends 'search' | 'searchPackages' | 'listVulnerabilities'> = Parameters<
  HandlersOf<Id>[Id]
>[0];

async function answerSearch({ db }: ApiDependencies, { query, caller }: CallOf<'search'>): Promise<Search> {
  const search = readSearch(query.q);
  const scope = await holderScope(db, { caller, namespace: query.namespace });
  const [sample, meant] = await Promise.all([
    readImageSample(db, scope),
    meantPackages(db, search, query.ecosystem),
  ]);
  const found = await summariseSearch(db, { scope, sample }, meant);
  const { vulnerabilityIds, packageCount, incomparableCount, imageCount, affectedImageCount } = found;
  return {
    kind: search.kind,
    vulnerabilities: {
      unique: vulnerabilityIds.length,
      ids: vulnerabilityIds.slice(0, idsShown),
    },
    packages: { count: packageCount, incomparable: incomparableCount },
    images: { holding: imageCount, affected: affectedImageCount },
    isCut: found.isCut,
  };
}

async function answerPackages(
  dependencies: ApiDependencies,
  { query, caller }: CallOf<'searchPackages'>,
): Promise<Page<HeldPackage>> {
  const { db } = dependencies;
  const search = readSearch(query.q);
  const scope = await holderScope(db, { caller, namespace: query.namespace });
  const [sample, meant] = await Promise.all([
    readImageSample(db, scope),
    meantPackages(db, search, query.ecosystem),
  ]);
  const sampled = { scope, sample };
  const wanted = query.incomparable === true ? meant.incomparable : meant.within;
  const held = await heldAmong(db, sampled, wanted);
  const items = await readKnownPackages(db, [...held]);
  const page = pageOf({
    list: 'packages of search',
    items,
    request: query,
    keyOf: ({ id }) => String(id),
    show: (item) => item,
  });
  const shown = await showHeld(dependencies, sampled, page.items);
  return { ...page, items: shown, ...(meant.isCut ? { totalIsMinimum: true } : {}) };
}

async function answerVulnerabilities(
  dependencies: ApiDependencies,
  { query, caller }: CallOf<'listVulnerabilities'>,
  ranking: VulnerabilityPageRequest['ranking'],
): Promise<Page<OpenVulnerability>> {
  const { db } = dependencies;
  const scope = await holderScope(db, { caller, namespace: query.namespace });
  const severityOrder = await severityOrderOf(dependencies, scope);
  const after = decodeCursor(query.cursor, 'vulnerabilities', ['string', 'number']);
  const limit = limitOf(query);
  const { items, hasMore, seen, total } = await readVulnerabilityPage(db, {
    scope,
    filter: { ...filterOf(query), ...(severityOrder === undefined ? {} : { severityOrder }) },
    ...(after === undefined ? {} : { after: { id: String(after[0]), seen: Number(after[1]) } }),
    limit,
    ranking,
  });
  const last = items.at(-1);
  return {
    items: items.map(({ images, packageNames, aliases, ...one }) => ({
      ...one,
      aliases: [...aliases],
      packageNames: [...packageNames],
      imageCount: images.count,
      imageCountIsMinimum: images.isMinimum,
    })),
    nextCursor: hasMore && last !== undefined ? encodeCursor('vulnerabilities', [last.id, seen]) : null,
    total: total.count,
    ...(total.precision === 'about' ? { totalIsEstimate: true } : {}),
    ...(total.precision === 'atLeast' ? { totalIsMinimum: true } : {}),
  };
}

function filterOf({
  severity,
  fixable,
  knownExploited,
  q,
}: VulnerabilityQuery): VulnerabilityPageRequest['filter'] {
  return {
    ...(severity === undefined ? {} : { severity }),
    ...(fixable === undefined ? {} : { fixable }),
    ...(knownExploited === undefined ? {} : { knownExploited }),
    ...(q === undefined ? {} : { text: q }),
  };
}

type KnownPackages = Awaited<ReturnType<typeof readKnownPackages>>;

async function showHeld(
  dependencies: ApiDependencies,
  sampled: SampledScope,
  packages: KnownPackages,
): Promise<HeldPackage[]> {
  const { db } = dependencies;
  const sets = packages.map(({ id }) => ({ key: String(id), packageIds: [id] }));
  const [order = defaultSeverityOrder, counts, facts] = await Promise.all([
    severityOrderOf(dependencies, sampled.scope),
    countHoldersOfEach(db, sampled, sets),
    readPackageFacts(
      db,
      packages.map(({ id }) => id),
    ),
  ]);
  return packages.map(({ module: _, ...named }) => {
    const known = facts.get(named.id);
    const own = packagesRatedIn(known === undefined ? [] : [known], order);
    const images = counts.get(String(named.id));
    return {
      ...named,
      vulnerabilities: countRated(own.flatMap(({ vulnerabilities }) => vulnerabilities)),
      imageCount: images?.count ?? 0,
      imageCountIsMinimum: images?.isMinimum ?? false,
    };
  });
}
