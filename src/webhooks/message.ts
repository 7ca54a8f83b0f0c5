import type { Severity } from '../report/severity.ts';
import type { WebhookKind } from './webhook.ts';

/** One finding of a message. */
export interface MessageFinding {
  /** What became of it; absent: it stands, as in a refused pull. */
  readonly change?: FindingChangeKind;
  /** Of a vulnerability, or the rule or signature of a secret or malware. */
  readonly id: string;
  readonly severity: Severity;
  readonly previousSeverity?: Severity;
  /** Name of the package, or the path of a file. */
  readonly package: string;
  readonly version?: string;
  readonly fixedVersion?: string;
  /** Of which `fixedVersion` is a version, where the package is numbered otherwise. */
  readonly fixedSource?: string;
  readonly knownExploited: boolean;
}

export type FindingChangeKind =
  | 'added'
  | 'removed'
  | 'severity-changed'
  | 'became-fixable'
  | 'known-exploited';

export const changeWords: Readonly<Record<FindingChangeKind, string>> = {
  added: 'new',
  'known-exploited': 'exploited now',
  'severity-changed': 'rated otherwise',
  'became-fixable': 'fixable now',
  removed: 'gone',
};

/** What a webhook is told, before it is put into one of the formats. */
export interface Message {
  /** The same in every attempt, and of no other event of this installation. */
  readonly id: string;
  readonly kind: WebhookKind | 'webhook.test';
  readonly at: string;
  readonly namespace?: string;
  /** What it happened to: `<repository>@<digest>`, a namespace, a login, … */
  readonly subject: string;
  /** One sentence for people. */
  readonly title: string;
  readonly findings: readonly MessageFinding[];
  /** How many there are; more than `findings` when not all are listed. */
  readonly findingCount: number;
  /** Names of images, the first of `imageCount`. */
  readonly images: readonly string[];
  readonly imageCount: number;
  /** Further facts of the kind, such as digest, tag and account of a pull. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Findings are listed up to this number. */
export const listedFindingsMax = 50;
export const listedImagesMax = 20;
