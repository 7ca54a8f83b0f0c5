import { expect, it } from 'vitest';
import { severityOfWord } from './severity-word.ts';

it.each([
  ['CRITICAL', 'critical'],
  ['High', 'high'],
  ['Important', 'high'],
  ['MODERATE', 'medium'],
  ['medium**', 'medium'], // Debian: urgency that is not final
  ['low', 'low'],
  ['unimportant', 'negligible'],
  ['negligible', 'negligible'],
  ['None', 'negligible'],
] as const)('severityOfWord() reads %s as %s', (word, severity) => {
  expect(severityOfWord(word)).toBe(severity);
});

it.each(['not yet assigned', 'end-of-life', 'Unknown', '', 'constructor'])(
  'severityOfWord() rates nothing for "%s"',
  (word) => {
    expect(severityOfWord(word)).toBeUndefined();
  },
);
