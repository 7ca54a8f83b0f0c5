import { describe, expect, it } from 'vitest';
import { passwordFault } from './password-rule.ts';

describe('passwordFault()', () => {
  it.each([
    ['short', 'it must have at least 8 characters, got 5'],
    ['äöüäöü7', 'it must have at least 8 characters, got 7'],
    ['x1'.repeat(513), 'it must have at most 1024 characters, got 1026'],
    ['Dora-The-User', "it must not be the user's name"],
    ['aaaaaaaaaaaa', 'it must have more than two different characters'],
    ['abababababab', 'it must have more than two different characters'],
    ['Password123', 'it must not be one of those that are guessed first'],
    ['correct horse battery', undefined],
    ['🐎🔋🧷✅🐎🔋🧷✅', undefined],
  ])('of %s is: %s', (password, fault) => {
    expect(passwordFault(password, 'dora-the-user')).toBe(fault);
  });
});
