import type { MalwareFact } from '../report/image-malware.ts';
import type { SecretType } from '../report/secret.ts';
import type { Severity } from '../report/severity.ts';

/** Why an image is refused or warned of. */
export type Reason =
  | {
      readonly kind: 'vulnerability';
      readonly id: string;
      readonly severity: Severity;
      readonly packageName: string;
      readonly installedVersion: string;
      /** Absent: no fix is known. */
      readonly fixedVersion?: string;
      /** Of which `fixedVersion` is a version, where the package is numbered otherwise. */
      readonly fixedSource?: string;
      readonly knownExploited: boolean;
    }
  | {
      readonly kind: 'secret';
      readonly rule: string;
      readonly title: string;
      readonly type: SecretType;
      readonly severity: Severity;
      readonly path: string;
      /** Of the first of `count`. */
      readonly line: number;
      readonly count: number;
    }
  | ({ readonly kind: 'malware' } & MalwareFact)
  | {
      readonly kind: 'state';
      readonly state: 'pending' | 'failed' | 'incomplete' | 'unsupported' | 'undetermined';
      readonly message: string;
    };

interface Why {
  /** Worst first. */
  readonly reasons: readonly Reason[];
  /** Vulnerabilities that are reasons too, and were not asked for by name; absent: none. */
  readonly unnamed?: number;
  readonly exempted: number;
}

/** The answer of `judge()`: what the gate does with a pull. */
export type Verdict =
  | { readonly kind: 'allow'; readonly exempted: number }
  | ({ readonly kind: 'warn' } & Why)
  | ({ readonly kind: 'hold'; readonly holdSeconds: number } & Why)
  | ({ readonly kind: 'block' } & Why);

/** Reasons beside those that are listed. */
export function unnamedIn(verdict: Verdict): number {
  return verdict.kind === 'allow' ? 0 : (verdict.unnamed ?? 0);
}
