import { describe, expect, it } from 'vitest';
import { parseModifiedList } from './modified-list.ts';

describe('parseModifiedList()', () => {
  it('maps ids to instants, whatever zeros the text drops', () => {
    const listed = parseModifiedList('m', '2026-07-08T04:32:24.5Z,B-2\n2020-01-01T00:00:00Z,A-1\n');
    expect([...listed]).toEqual([
      ['B-2', Date.parse('2026-07-08T04:32:24.500000Z')],
      ['A-1', Date.parse('2020-01-01T00:00:00Z')],
    ]);
  });

  it('reads Windows line ends and a missing last one', () => {
    expect(parseModifiedList('m', '2020-01-01T00:00:00Z,A-1\r\n2020-01-01T00:00:00Z,A-2').size).toBe(2);
  });

  it.each(['<html>', '2020-01-01,A-1', 'A-1', '2020-01-01T00:00:00Z,', '2020-01-01T00:00:00Z,../x'])(
    'refuses the line "%s"',
    (line) => {
      expect(() => parseModifiedList('m', `2020-01-01T00:00:00Z,A-1\n${line}\n`)).toThrow(
        /Cannot use "m": line 2/,
      );
    },
  );
});
