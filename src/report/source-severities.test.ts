import { describe, expect, it } from 'vitest';
import type { Severity, SeverityRating } from './severity.ts';
import { chooseSeverity } from './source-severities.ts';

function rating(source: SeverityRating['source'], severity: Severity): SeverityRating {
  return { source, severity, record: 'CVE-2020-0001' };
}

describe('chooseSeverity()', () => {
  const ratings = [rating('cvss-v2', 'low'), rating('cvss-v3', 'critical'), rating('vendor', 'negligible')];

  it('puts the distribution first, even when others rate it worse', () => {
    expect(chooseSeverity(ratings)).toBe('negligible');
  });

  it('puts newer CVSS before older', () => {
    expect(chooseSeverity([rating('cvss-v2', 'high'), rating('cvss-v3', 'medium')])).toBe('medium');
    expect(chooseSeverity([rating('cvss-v3', 'high'), rating('cvss-v4', 'low')])).toBe('low');
  });

  it('takes the worst of one source', () => {
    expect(chooseSeverity([rating('cvss-v3', 'low'), rating('cvss-v3', 'high')])).toBe('high');
  });

  it('passes over a source that does not rate', () => {
    expect(chooseSeverity([rating('vendor', 'unknown'), rating('ecosystem', 'high')])).toBe('high');
  });

  it('follows another order', () => {
    expect(chooseSeverity(ratings, ['cvss-v3', 'vendor'])).toBe('critical');
  });

  it('is unknown, not low, when nobody rates', () => {
    expect(chooseSeverity([])).toBe('unknown');
  });
});
