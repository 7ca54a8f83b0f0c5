import { expect, it } from 'vitest';
import { fuzzParser, fuzzTimeoutMs } from '../../testing/fuzz-parser.ts';
import { secretSamples } from '../../testing/samples/secret-samples.ts';
import { findSecretsInText } from './file-secrets.ts';

/** The samples, a few of each text, so that a change in one is met by the rules of the others. */
const texts = Object.values(secretSamples);
const rows = Array.from({ length: 5 }, (_, row) => texts.filter((_text, at) => at % 5 === row).join('\n'));

it.each(rows.map((text, row) => [row, text] as const))(
  'the rules for secrets take mutations of text %i (threats.md D9)',
  (_row, text) => {
    expect(findSecretsInText(text).length).toBeGreaterThan(5);
    fuzzParser({ bytes: Buffer.from(text), parse: (mutant) => findSecretsInText(mutant.toString('utf8')) });
  },
  fuzzTimeoutMs,
);
