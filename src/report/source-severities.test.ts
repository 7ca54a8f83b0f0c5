import { describe, expect, it } from 'vitest';
import type { Severity, SeverityRating } from './severity.ts';
import {
  defaultSeverityOrder,
  parseSeverityOrder,
  readSeverityOrder,
  storedSeverityOrder,
} from './severity-order.ts';
import { chooseSeverity, decidingSource, packSeverities } from './source-severities.ts';

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

  it('takes the worst of all where the order says so, and where it has come to that', () => {
    expect(chooseSeverity(ratings, ['highest'])).toBe('critical');
    expect(chooseSeverity(ratings, ['cvss-v2', 'highest'])).toBe('low');
    expect(chooseSeverity(ratings, ['cvss-v4', 'highest'])).toBe('critical');
    expect(decidingSource(packSeverities(ratings), ['highest'])).toBe('cvss-v3');
    expect(chooseSeverity([], ['highest'])).toBe('unknown');
  });

  it('is unknown, not low, when nobody rates', () => {
    expect(chooseSeverity([])).toBe('unknown');
  });
});

describe('parseSeverityOrder()', () => {
  it('reads sources and the choice of the worst, each once', () => {
    expect(parseSeverityOrder(['cvss-v3', 'highest'])).toEqual(['cvss-v3', 'highest']);
    for (const bad of [[], ['nvd'], ['vendor', 'vendor'], ['']])
      expect(parseSeverityOrder(bad)).toBeUndefined();
  });

  it('is stored as nothing when it is the default, and read again as it was written', () => {
    expect(storedSeverityOrder(null)).toBeNull();
    expect(storedSeverityOrder([...defaultSeverityOrder])).toBeNull();
    expect(readSeverityOrder(storedSeverityOrder(['highest', 'vendor']))).toEqual(['highest', 'vendor']);
    expect(readSeverityOrder(null)).toBe(defaultSeverityOrder);
    expect(() => readSeverityOrder('nvd')).toThrow(/must be one or more of vendor/);
  });
});
