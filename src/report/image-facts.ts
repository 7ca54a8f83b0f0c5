import type { Digest } from '../oci/digest.ts';
import type { ExploitDoubts } from './exploit-doubts.ts';
import type { FeedVersion } from './feed-version.ts';
import type { VulnerabilityFact } from './finding.ts';
import type { FixSource } from './fix-source.ts';
import type { MalwareFacts } from './image-malware.ts';
import type { SecretFacts } from './image-secrets.ts';
import type { Doubt, ScanCategory, ScanProblem, ScanState } from './scan-state.ts';

/** A package of an image with what is known against it. */
export interface PackageFacts {
  readonly packageId: number;
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  /** Whose versions the fixes are, where this package is numbered otherwise; absent: they are versions of this package. */
  readonly source?: FixSource;
  readonly vulnerabilities: readonly VulnerabilityFact[];
}

export interface CategoryFacts {
  readonly state: ScanState;
  readonly problem?: ScanProblem;
  /** The result that stands, whatever a later scan does until it ends; absent when there never was one. */
  readonly lastResult?: {
    readonly state: 'scanned' | 'incomplete' | 'unsupported';
    readonly problem?: ScanProblem;
  };
}

/** Everything policy may judge an image by: the one input of `judge()` that comes from inspection. */
export interface ImageFacts {
  readonly digest: Digest;
  /** By content, not by what the pusher's media types claim. */
  readonly kind: 'image' | 'index' | 'artifact';
  readonly states: Readonly<Record<ScanCategory, CategoryFacts>>;
  /** A result exists (`lastResult`), so a running re-scan does not make the image pending. */
  readonly judged: boolean;
  readonly firstJudgedAt?: Date;
  readonly doubts: readonly Doubt[];
  /** What the findings are of: exactly one version of each feed. Empty without a result. */
  readonly feeds: readonly FeedVersion[];
  /** For policies that ask for exploits. */
  readonly exploitDoubts: ExploitDoubts;
  /** Only packages with at least one vulnerability. */
  readonly packages: readonly PackageFacts[];
  readonly secrets: SecretFacts;
  readonly malware: MalwareFacts;
}
