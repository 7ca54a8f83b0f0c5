import { describe, expect, test } from 'vitest';
import { byteSize } from './byte-size.ts';
import { counted } from './counted.ts';
import { percent } from './percent.ts';
import { relativeTo } from './relative-time.tsx';
import { totalInWords } from './total-in-words.ts';

describe('percent()', () => {
  test.each([
    [0, '0.0%'],
    [0.0004, '<0.1%'],
    [0.034, '3.4%'],
    [0.5, '50%'],
    [0.9999, '99.9%'],
    [1, '100%'],
  ])('writes %d as %s', (probability, text) => {
    expect(percent(probability)).toBe(text);
  });
});

describe('byteSize()', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [2_300_000, '2.2 MiB'],
    [209_715_200, '200 MiB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(byteSize(bytes)).toBe(text);
  });
});

describe('counted()', () => {
  test.each([
    [1, 'vulnerabilities', '1 vulnerability'],
    [1, 'packages', '1 package'],
    [0, 'images', '0 images'],
    [1204, 'repositories', '1,204 repositories'],
  ])('writes %d of %s as %s', (count, plural, text) => {
    expect(counted(count, plural)).toBe(text);
  });
});

describe('totalInWords()', () => {
  test.each([
    [{ total: 12 }, '12'],
    [{ total: 10_000, totalIsEstimate: true, totalIsMinimum: true }, '10,000+'],
    [{ total: 76_123, totalIsEstimate: true }, 'about 76,123'],
  ])('writes %j as %s', (total, text) => {
    expect(totalInWords(total)).toBe(text);
  });
});

describe('relativeTo()', () => {
  const now = new Date('2026-11-21T12:00:00Z');

  test.each([
    ['2026-11-21T11:59:55Z', 'now'],
    ['2026-11-21T11:59:00Z', '1 min. ago'],
    ['2026-11-18T12:00:00Z', '3 days ago'],
    ['2026-11-30T13:00:00Z', 'in 9 days'],
    ['2016-11-18T12:00:00Z', '10 yr. ago'],
  ])('writes %s as %s', (instant, text) => {
    expect(relativeTo(now, new Date(instant))).toBe(text);
  });
});
