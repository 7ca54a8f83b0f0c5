import cvss from 'ae-cvss-calculator';
import type { Severity, SeverityRating } from '../../report/severity.ts';

type CvssSource = 'cvss-v4' | 'cvss-v3' | 'cvss-v2';

export interface CvssVectorOfRecord {
  /** The record the vector stands in. */
  readonly record: string;
  readonly vector: string;
}

/**
 * Scores a CVSS 2.0, 3.0, 3.1 or 4.0 vector by its base metrics; the version is read from the vector, not from what
 * a record calls it. Undefined when the vector is malformed or lacks a base metric, so that it can never pass as 0.0.
 */
export function cvssRating({ record, vector }: CvssVectorOfRecord): SeverityRating | undefined {
  const parsed = parseVector(vector);
  if (parsed === undefined) return undefined;
  const { source, score } = parsed;
  return { source, record, severity: severityOfScore(source, score), score, vector };
}

function parseVector(text: string): { source: CvssSource; score: number } | undefined {
  if (!hasUniqueMetrics(text)) return undefined;
  const vector = cvss.fromVector(text);
  if (!vector?.isBaseFullyDefined()) return undefined;
  if (vector instanceof cvss.Cvss4P0) return scored('cvss-v4', vector.calculateScores().baseMetricsOnly);
  if (vector instanceof cvss.Cvss3P0 || vector instanceof cvss.Cvss3P1) {
    return scored('cvss-v3', vector.calculateScores().base);
  }
  if (vector instanceof cvss.Cvss2) return scored('cvss-v2', vector.calculateScores().base);
  return undefined;
}

function scored(source: CvssSource, score: number | undefined) {
  return score === undefined ? undefined : { source, score };
}

/** CVSS 3.1 §6 and 4.0 §7 forbid repeated metrics; the calculator would let the last one win. */
function hasUniqueMetrics(text: string): boolean {
  if (text.length > 512) return false;
  const metrics = text.split('/').map((part) => part.split(':')[0]);
  return new Set(metrics).size === metrics.length;
}

/**
 * CVSS 3.1 §5 and 4.0 §6 "Qualitative Severity Rating Scale"; 0.0 ("None") is our `negligible`.
 * CVSS 2.0 has no words; these are NVD's (https://nvd.nist.gov/vuln-metrics/cvss), which know no critical.
 */
export function severityOfScore(source: CvssSource, score: number): Severity {
  if (source === 'cvss-v2') return score >= 7 ? 'high' : score >= 4 ? 'medium' : 'low';
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'negligible';
}
