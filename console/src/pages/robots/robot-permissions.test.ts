import { describe, expect, test } from 'vitest';
import { grantsInWords } from './robot-permissions.ts';

describe('grantsInWords()', () => {
  test('says what a robot may do where, the least first', () => {
    expect(
      grantsInWords([
        { namespace: 'team-b', permission: 'pull-push' },
        { namespace: '*', permission: 'pull' },
        { namespace: 'team-a', permission: 'pull-push' },
      ]),
    ).toBe('Pull in every namespace; pull and push in team-b, team-a');
    expect(grantsInWords([])).toBe('Nothing');
  });
});
