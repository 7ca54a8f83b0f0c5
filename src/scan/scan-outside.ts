import { exploitDoubts } from '../advisories/exploit-doubts.ts';
import { readFeedKnowledge } from '../advisories/feed-doubts.ts';
import { feedVersionsOf } from '../advisories/feed-versions.ts';
import type { Database } from '../database/database.ts';
import type { Image } from '../inspection/image/image.ts';
import type { InspectedSecrets } from '../inspection/inspect-secrets.ts';
import type { InspectionPool } from '../inspection/inspection-pool.ts';
import type { PublishedArchives } from '../inspection/inventory/published-archives.ts';
import type { Engine } from '../inspection/malware/engine.ts';
import type { Distribution } from '../report/distribution.ts';
import type { CategoryFacts, ImageFacts } from '../report/image-facts.ts';
import type { MalwareFinding } from '../report/image-malware.ts';
import type { SecretFinding } from '../report/image-secrets.ts';
import { packagesRatedIn } from '../report/rated-in-order.ts';
import { defaultSeverityOrder, type SeverityOrder } from '../report/severity-order.ts';
import { type InspectedMalware, malwareFacts } from './image-malware.ts';
import { secretFacts } from './image-secrets.ts';
import { inspectImage } from './inspect-image.ts';
import type { ScanProgress } from './inspect-layers.ts';
import { internInventory } from './intern-inventory.ts';
import { readPackageFacts } from './matches/read-package-facts.ts';
import type { StoredPlace } from './reports/image-places.ts';
import { imageDoubts } from './summaries/image-doubts.ts';
import { type FindingCounts, summarise } from './summaries/summarise.ts';

/** The result of scanning an image that is not stored here. */
export interface OutsideReport {
  readonly distribution?: Distribution;
  /** What `judge()` takes; `firstJudgedAt` is absent, so nothing is in grace. */
  readonly facts: ImageFacts;
  /** Worst first. */
  readonly secrets: readonly SecretFinding[];
  /** Worst first. */
  readonly malware: readonly MalwareFinding[];
  readonly places: readonly StoredPlace[];
  readonly counts: FindingCounts;
  readonly progress: ScanProgress;
}

export interface ScanOutsideOptions {
  readonly db: Database;
  /** Reads layers. */
  readonly inspections: InspectionPool;
  readonly image: Image;
  /** Malware engines; default none. */
  readonly engines?: readonly Engine[];
  /** Names Java archives by their bytes; absent: guessed names stay. */
  readonly archives?: PublishedArchives | undefined;
  readonly now: Date;
  readonly feedAgeMaxDays?: number;
  /** Whose rating of a vulnerability counts first; absent: the default order. */
  readonly severityOrder?: SeverityOrder;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ScanProgress) => void;
}

/** Scans an opened image with the server's engine; its layers and packages are remembered, the image is not. */
export async function scanOutside(options: ScanOutsideOptions): Promise<OutsideReport> {
  const { db, inspections, image, engines = [], now, feedAgeMaxDays = 5 } = options;
  const inspected = await inspectImage({
    db,
    inspections,
    image,
    engines,
    archives: options.archives,
    now,
    signal: options.signal ?? new AbortController().signal,
    onProgress: async (progress) => options.onProgress?.(progress),
  });
  const { inventory, outcome, problem } = inspected;
  const interned = await internInventory(db, inventory);
  // Of one instant, so that all findings are of one version of each feed (threats.md F25).
  const { knowledge, found } = await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => ({
      knowledge: await readFeedKnowledge(transaction),
      found: await readPackageFacts(transaction, interned.packageIds),
    }));
  const packages = packagesRatedIn([...found.values()], options.severityOrder ?? defaultSeverityOrder);
  const doubts =
    outcome === 'unsupported'
      ? []
      : imageDoubts({
          own: inventory.doubts,
          distribution: inventory.distribution,
          ecosystems: interned.ecosystems,
          newestAt: inventory.newestAt,
          packages,
          knowledge,
          now,
          feedAgeMaxDays,
        });
  const explained = problem === undefined ? {} : { problem };
  return {
    ...(inventory.distribution === undefined ? {} : { distribution: inventory.distribution }),
    facts: {
      digest: image.digest,
      kind: outcome === 'unsupported' ? 'artifact' : 'image',
      states: {
        vulnerabilities: {
          state: outcome === 'scanned' && doubts.length > 0 ? 'undetermined' : outcome,
          ...explained,
          lastResult: { state: outcome, ...explained },
        },
        malware: categoryState(inspected.malware),
        secrets: categoryState(inspected.secrets),
      },
      judged: true,
      doubts,
      feeds: outcome === 'unsupported' ? [] : feedVersionsOf(knowledge.feeds, interned.ecosystems),
      exploitDoubts: exploitDoubts(knowledge.feeds, { now, feedAgeMaxDays }),
      packages,
      secrets: secretFacts(inspected.secrets),
      malware: malwareFacts(inspected.malware, now.toISOString()),
    },
    secrets: inspected.secrets.findings,
    malware: inspected.malware.findings,
    places: interned.places,
    counts: summarise(packages),
    progress: inspected.progress,
  };
}

function categoryState({ outcome, problem }: InspectedSecrets | InspectedMalware): CategoryFacts {
  const explained = problem === undefined ? {} : { problem };
  if (outcome === 'not-scanned') return { state: outcome, ...explained };
  return { state: outcome, ...explained, lastResult: { state: outcome, ...explained } };
}
