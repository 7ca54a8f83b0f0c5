import { type AcceptedBundle, lastBundle } from '../../advisories/bundle-history.ts';
import { readScoreDate } from '../../advisories/exploitation-dates.ts';
import { type FeedUpdate, readFeedHistory } from '../../advisories/feed-history.ts';
import {
  type FeedStatus,
  feedAgeSeconds,
  isFeedStale,
  readFeedStatus,
} from '../../advisories/feed-status.ts';
import { isRecordId } from '../../advisories/osv/osv-record.ts';
import { readAdvisoryRecord } from '../../advisories/osv/read-advisory-record.ts';
import { readVulnerability, type VulnerabilityDetails } from '../../advisories/read-vulnerability.ts';
import { readImageRows } from '../../lists/image-list.ts';
import { readVulnerabilityImages } from '../../lists/vulnerability-images.ts';
import { defaultSeverityOrder } from '../../report/severity-order.ts';
import { decidingSource, packSeverities, severityIn } from '../../report/source-severities.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { AdvisoryBundle, Feed, FeedUpdate as ShownUpdate } from '../contract/feed.ts';
import type { Vulnerability } from '../contract/vulnerability.ts';
import { notFound } from '../errors.ts';
import { recordChange } from '../record-change.ts';
import { namespacesWith } from '../visible-images.ts';

const imagesMax = 200;

export function advisoryHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'getVulnerability' | 'listFeeds' | 'listFeedUpdates' | 'syncAdvisories' | 'getAdvisory'> {
  const { db, feedAgeMaxDays, advisoryOrigin, queueAdvisorySync } = dependencies;
  return {
    getVulnerability: async ({ params, caller }) => {
      const found = await readVulnerability(db, params.id);
      if (found === undefined)
        throw notFound(`Cannot find vulnerability "${params.id}": no source knows the id`);
      const namespaceIds = await namespacesWith(db, { caller, right: 'read' });
      const { imageIds, imageCount } = await readVulnerabilityImages(db, {
        vulnerabilityId: found.id,
        ...(namespaceIds === undefined ? {} : { namespaceIds }),
        limit: imagesMax,
      });
      const rows = await readImageRows(db, imageIds);
      const images = rows.map(({ id, namespace, repository, tags, digest }) => ({
        imageId: id,
        namespace,
        repository,
        tags: [...tags],
        digest,
      }));
      return { ...showVulnerability(found, await readScoreDate(db)), images, imageCount };
    },

    listFeeds: async ({ now }) => {
      const [feeds, bundle] = await Promise.all([readFeedStatus(db), lastBundle(db)]);
      return {
        items: feeds.map((feed) => showFeed(feed, { now, feedAgeMaxDays })),
        origin: advisoryOrigin,
        bundle: bundle === undefined ? null : showBundle(bundle),
      };
    },

    listFeedUpdates: async ({ query }) => ({
      items: (await readFeedHistory(db, query.feed)).map(showUpdate),
    }),

    syncAdvisories: async (call) => {
      await db.transaction().execute(async (transaction) => {
        await queueAdvisorySync(transaction);
        await recordChange(transaction, call, { kind: 'advisories.sync-queued', subject: 'advisories' });
      });
      return undefined;
    },

    getAdvisory: async ({ params }) => {
      const json = isRecordId(params.id) ? await readAdvisoryRecord(db, params.id) : undefined;
      if (json === undefined)
        throw notFound(`Cannot find advisory "${params.id}": no feed holds a record of that id`);
      return JSON.parse(json) as Record<string, unknown>; // an OSV record is an object, or it would not be stored
    },
  };
}

function showFeed(feed: FeedStatus, limit: { readonly now: Date; readonly feedAgeMaxDays: number }): Feed {
  const ageSeconds = feedAgeSeconds(feed, limit.now);
  return {
    name: feed.name,
    recordCount: feed.recordCount,
    skippedCount: feed.skippedCount,
    version: feed.version,
    source: feed.source ?? null,
    newestRecordAt: feed.newestRecordAt?.toISOString() ?? null,
    lastSuccessAt: feed.lastSuccessAt?.toISOString() ?? null,
    lastAttemptAt: feed.lastAttemptAt?.toISOString() ?? null,
    ageSeconds: ageSeconds === undefined ? null : Math.floor(ageSeconds),
    lastError: feed.lastError ?? null,
    failures: feed.failures,
    stale: isFeedStale(feed, limit),
  };
}

function showBundle(bundle: AcceptedBundle): AdvisoryBundle {
  return {
    version: bundle.version,
    createdAt: bundle.createdAt.toISOString(),
    acceptedAt: bundle.acceptedAt.toISOString(),
    importedAt: bundle.importedAt?.toISOString() ?? null,
    signedBy: bundle.keyId ?? null,
    source: bundle.source,
  };
}

function showUpdate(update: FeedUpdate): ShownUpdate {
  const { changes, effects } = update;
  return {
    feed: update.feed,
    outcome: update.outcome,
    source: update.source ?? null,
    beganAt: update.beganAt.toISOString(),
    endedAt: update.endedAt.toISOString(),
    attempts: update.attempts,
    error: update.error ?? null,
    versionBefore: update.versionBefore,
    versionAfter: update.versionAfter,
    recordsBefore: update.recordsBefore,
    recordsAfter: update.recordsAfter,
    added: changes.added,
    changed: changes.changed,
    withdrawn: changes.withdrawn,
    vanished: changes.vanished,
    effects:
      effects === undefined
        ? null
        : {
            packagesMatched: effects.packagesMatched,
            findingsAdded: effects.findingsAdded,
            findingsRemoved: effects.findingsRemoved,
            imagesTouched: effects.imagesTouched,
          },
  };
}

function showVulnerability(
  found: VulnerabilityDetails,
  scoredOn: string | undefined,
): Omit<Vulnerability, 'images' | 'imageCount'> {
  const { id, aliases, summary, details, ratings, knownExploited, epss, references, records } = found;
  const packed = packSeverities(ratings);
  return {
    id,
    aliases: [...aliases],
    summary,
    details,
    severity: severityIn(packed, defaultSeverityOrder),
    severitySource: decidingSource(packed, defaultSeverityOrder) ?? null,
    ratings: ratings.map(({ source, record, severity, score, vector }) => ({
      source,
      record,
      severity,
      score: score ?? null,
      vector: vector ?? null,
    })),
    knownExploited:
      knownExploited === undefined
        ? null
        : {
            addedOn: knownExploited.addedOn,
            dueOn: knownExploited.dueOn ?? null,
            ransomware: knownExploited.ransomware,
          },
    epss: epss === undefined ? null : { ...epss, scoredOn: scoredOn ?? null },
    references: [...references],
    records: records.map((record) => ({
      id: record.id,
      modified: record.modifiedAt.toISOString(),
      packages: record.packages.map(({ ecosystem, release, name }) => ({ ecosystem, release, name })),
    })),
  };
}
