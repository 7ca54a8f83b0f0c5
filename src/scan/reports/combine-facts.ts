import type { Digest } from '../../oci/digest.ts';
import type { FeedVersion } from '../../report/feed-version.ts';
import type { CategoryFacts, ImageFacts, PackageFacts } from '../../report/image-facts.ts';
import type { MalwareCounts, MalwareFact, MalwareFacts, UsedSignatures } from '../../report/image-malware.ts';
import type { SecretCounts, SecretFact, SecretFacts } from '../../report/image-secrets.ts';
import { addCounts } from '../../report/keep-within.ts';
import type { Doubt, ScanState } from '../../report/scan-state.ts';
import { severityRank } from '../../report/severity.ts';

/** What is least settled comes first: an index is no better than its worst image. */
const leastSettledFirst: readonly ScanState[] = [
  'failed',
  'incomplete',
  'scanning',
  'queued',
  'cancelled',
  'not-scanned',
  'undetermined',
  'scanned',
  'unsupported',
];

/** Facts of an index out of those of what it lists; artifacts among them (attestations, signatures) count only where there is no image. */
export function combineFacts(digest: Digest, children: readonly ImageFacts[]): ImageFacts {
  const images = children.filter(({ kind }) => kind !== 'artifact');
  const parts = images.length > 0 ? images : children;
  const firstJudged = parts.flatMap(({ firstJudgedAt }) => firstJudgedAt ?? []);
  const packages = new Map<number, PackageFacts>();
  const doubts = new Map<string, Doubt>();
  const feeds = new Map<string, FeedVersion>();
  for (const part of parts) {
    for (const one of part.packages) packages.set(one.packageId, one);
    for (const one of part.feeds) feeds.set(one.feed, one);
    for (const doubt of part.doubts) doubts.set(`${doubt.code} ${doubt.message}`, doubt);
  }
  return {
    digest,
    kind: 'index',
    states: {
      vulnerabilities: worst(parts.map(({ states }) => states.vulnerabilities)),
      malware: worst(parts.map(({ states }) => states.malware)),
      secrets: worst(parts.map(({ states }) => states.secrets)),
    },
    judged: parts.length > 0 && parts.every(({ judged }) => judged),
    // The latest: a finding that an image of the index always had gets no grace.
    ...(firstJudged.length === 0
      ? {}
      : { firstJudgedAt: new Date(Math.max(...firstJudged.map((at) => at.getTime()))) }),
    doubts: [...doubts.values()],
    feeds: [...feeds.values()],
    // Of the installation, not of an image.
    exploitDoubts: parts[0]?.exploitDoubts ?? {},
    packages: [...packages.values()],
    secrets: combineSecrets(parts.map(({ secrets }) => secrets)),
    malware: combineMalware(parts.map(({ malware }) => malware)),
  };
}

/** Images of one index have the same secrets in the same places more often than not: each place is counted once. */
function combineSecrets(parts: readonly SecretFacts[]): SecretFacts {
  const found = new Map<string, SecretFact>();
  let omitted: SecretCounts = {};
  for (const part of parts) {
    omitted = addCounts(omitted, part.omitted);
    for (const fact of part.found) {
      const key = `${fact.rule}\n${fact.path}`;
      const known = found.get(key);
      if (known === undefined || known.count < fact.count) found.set(key, fact);
    }
  }
  const worstFirst = [...found.values()].sort((a, b) => severityRank(b.severity) - severityRank(a.severity));
  return { found: worstFirst, omitted };
}

/** As for secrets; the signatures are those of all images, the time that of the one looked at longest ago. */
function combineMalware(parts: readonly MalwareFacts[]): MalwareFacts {
  const found = new Map<string, MalwareFact>();
  const signatures = new Map<string, UsedSignatures>();
  let omitted: MalwareCounts = {};
  for (const part of parts) {
    omitted = addCounts(omitted, part.omitted);
    for (const used of part.signatures) signatures.set(`${used.engine} ${used.version}`, used);
    for (const fact of part.found) {
      const key = [fact.engine, fact.signature, fact.path].join('\n');
      const known = found.get(key);
      if (known === undefined || known.count < fact.count) found.set(key, fact);
    }
  }
  const [first] = parts.flatMap(({ inspectedAt }) => inspectedAt ?? []).sort();
  return {
    found: [...found.values()].sort((a, b) => severityRank(b.severity) - severityRank(a.severity)),
    omitted,
    signatures: [...signatures.values()],
    ...(first === undefined ? {} : { inspectedAt: first }),
  };
}

/** What has no result at all comes before what has, so that no result of one image stands for another's. */
function worst(categories: readonly CategoryFacts[]): CategoryFacts {
  const rank = ({ state, lastResult }: CategoryFacts): number =>
    leastSettledFirst.indexOf(lastResult?.state === 'incomplete' ? 'incomplete' : state) +
    (lastResult === undefined ? 0 : leastSettledFirst.length);
  return categories.toSorted((a, b) => rank(a) - rank(b))[0] ?? { state: 'not-scanned' };
}
