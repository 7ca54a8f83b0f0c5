import type { Severity } from '../report/severity.ts';

export type Threshold = 'low' | 'medium' | 'high' | 'critical';
export type StateRule = 'allow' | 'warn' | 'block';

/** A namespace's pull policy (semantics.md §3). Stored as JSON; absent parts take `defaultPolicy`. */
export interface Policy {
  readonly mode: 'off' | 'observe' | 'enforce';
  readonly minSeverity: Threshold;
  readonly fixableOnly: boolean;
  /** A vulnerability that CISA lists as exploited counts whatever its severity. */
  readonly knownExploited: boolean;
  /** Only vulnerabilities with at least this EPSS probability (0–1) count; absent: all. */
  readonly epssMin?: number;
  /** Days from a finding's `firstSeenAt` on the image in which it only warns, per severity. */
  readonly graceDays: Readonly<Partial<Record<Severity, number>>>;
  /** How `unknown` ranks against `minSeverity`. */
  readonly unknownSeverityAs: Exclude<Severity, 'unknown'>;
  readonly malware: 'off' | 'block';
  readonly secrets: 'off' | Threshold;
  readonly states: {
    readonly pending: StateRule | { readonly holdSeconds: number };
    readonly failed: StateRule;
    readonly incomplete: StateRule;
    readonly unsupported: StateRule;
    readonly undetermined: StateRule;
  };
}

export const defaultPolicy: Policy = {
  mode: 'off',
  minSeverity: 'high',
  fixableOnly: false,
  knownExploited: true,
  graceDays: {},
  unknownSeverityAs: 'high',
  malware: 'block',
  secrets: 'off',
  states: {
    pending: { holdSeconds: 30 },
    failed: 'block',
    incomplete: 'block',
    unsupported: 'allow',
    undetermined: 'warn',
  },
};

/** An entry of the allowlist: it takes findings out of the judgement, never out of the report. */
export interface Exemption {
  readonly id: number;
  /** Upper case; matches a finding's canonical id or any alias, exactly. Of a secret: `SECRET:` and the id of its rule. */
  readonly vulnerabilityId: string;
  readonly repositoryPattern?: string;
  readonly digest?: string;
  readonly packageName?: string;
  /** Limits the exemption of a secret to paths. */
  readonly pathPattern?: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
}
