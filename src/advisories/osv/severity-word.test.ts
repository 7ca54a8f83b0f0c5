import { expect, it } from 'vitest';
import { isSeverityWord, severityOfWord } from './severity-word.ts';

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

it.each(['not yet assigned', 'end-of-life', 'undetermined', 'untriaged', 'Unknown', ''])(
  'severityOfWord() rates nothing for "%s", which is a word all the same',
  (word) => {
    expect(severityOfWord(word)).toBeUndefined();
    expect(isSeverityWord(word)).toBe(true);
  },
);

it.each(['constructor', 'severe', '7.5'])('"%s" is no word of severity', (word) => {
  expect(severityOfWord(word)).toBeUndefined();
  expect(isSeverityWord(word)).toBe(false);
});
