import type { ImageRow, ImageScanRow } from '../../lists/image-list.ts';
import type { Verdict } from '../../policy/verdict.ts';
import type { CategoryFacts, ImageFacts } from '../../report/image-facts.ts';
import { countMalware } from '../../report/image-malware.ts';
import { countSecrets } from '../../report/image-secrets.ts';
import type { Image, Scan } from '../contract/image.ts';
import { showVerdict } from './show-verdict.ts';

/** What is shown of an image beside its row. */
export interface Judged {
  readonly verdict: Verdict;
  /** State and doubts as the gate sees them now; undefined for an image that has just gone. */
  readonly facts: ImageFacts | undefined;
}

/** An image as lists show it. */
export function showImage(row: ImageRow, { verdict, facts }: Judged): Image {
  return {
    id: row.id,
    namespace: row.namespace,
    repository: row.repository,
    tags: [...row.tags],
    digest: row.digest,
    kind: row.kind,
    mediaType: row.mediaType,
    platform: row.platform,
    sizeBytes: row.sizeBytes,
    pushedAt: row.pushedAt.toISOString(),
    pushedBy: row.pushedBy,
    scan: showScan(row.scan, facts?.states.vulnerabilities),
    severity: row.severity,
    secrets: showSecrets(facts),
    malware: showMalwareState(facts),
    doubts: [...(facts?.doubts ?? row.doubts)],
    verdict: showVerdict(verdict),
  };
}

function showSecrets(facts: ImageFacts | undefined): Image['secrets'] {
  if (facts === undefined) return { state: 'not-scanned', counts: null };
  const { state, problem, lastResult } = facts.states.secrets;
  const shown = problem ?? lastResult?.problem;
  return {
    state,
    ...(shown === undefined ? {} : { problem: shown }),
    counts: lastResult === undefined ? null : countSecrets(facts.secrets),
  };
}

function showMalwareState(facts: ImageFacts | undefined): Image['malware'] {
  if (facts === undefined) return { state: 'not-scanned', counts: null, signatures: [], inspectedAt: null };
  const { state, problem, lastResult } = facts.states.malware;
  const { signatures, inspectedAt } = facts.malware;
  const shown = problem ?? lastResult?.problem;
  return {
    state,
    ...(shown === undefined ? {} : { problem: shown }),
    counts: lastResult === undefined ? null : countMalware(facts.malware),
    signatures: [...signatures],
    inspectedAt: inspectedAt ?? null,
  };
}

/** The row says how far a scan is; what it came to is for the facts to say: doubts arise without a scan. */
function showScan(scan: ImageScanRow, facts: CategoryFacts | undefined): Scan {
  const { layersDone, layersTotal, layersRead, queuedAt, startedAt, finishedAt } = scan;
  const problem = facts?.problem ?? facts?.lastResult?.problem ?? scan.problem;
  return {
    state: facts?.state ?? scan.state,
    ...(problem === null ? {} : { problem }),
    progress: { layersDone, layersTotal, layersRead },
    ...(queuedAt === null ? {} : { queuedAt: queuedAt.toISOString() }),
    ...(startedAt === null ? {} : { startedAt: startedAt.toISOString() }),
    ...(finishedAt === null ? {} : { finishedAt: finishedAt.toISOString() }),
  };
}
