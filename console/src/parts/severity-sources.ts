import type { SeverityChoice, SeveritySource } from '../api/answers.ts';

/** In the default order. */
export const severitySources: readonly SeveritySource[] = [
  'vendor',
  'ecosystem',
  'cvss-v4',
  'cvss-v3',
  'cvss-v2',
];

export const sourceWords: Readonly<Record<SeverityChoice, string>> = {
  vendor: 'the distribution',
  ecosystem: 'the ecosystem (GHSA and others)',
  'cvss-v4': 'CVSS 4.0',
  'cvss-v3': 'CVSS 3',
  'cvss-v2': 'CVSS 2.0',
  highest: 'whichever rates it worst',
};
