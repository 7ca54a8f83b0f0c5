import { describe, expect, it } from 'vitest';
import {
  encryptedKeySamples,
  privateKeySamples,
  random,
  secretSamples,
} from '../../testing/samples/secret-samples.ts';
import { findSecretsInText } from './file-secrets.ts';
import { keywordBytesMin } from './keyword-index.ts';
import { secretRules } from './secret-rules.ts';

const rulesIn = (text: string) => findSecretsInText(text).map(({ rule }) => rule);

describe('secretRules', () => {
  it('are at least 60, each with its own id, keywords and a sample', () => {
    const ids = secretRules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(60);
    expect(Object.keys(secretSamples).sort()).toEqual([...ids].sort());
    for (const { keywords, pattern, id } of secretRules) {
      expect(id).toMatch(/^[a-z0-9-]+$/);
      expect(pattern.global).toBe(true);
      for (const keyword of keywords) expect(keyword.length).toBeGreaterThanOrEqual(keywordBytesMin);
    }
  });

  it.each(Object.entries(secretSamples))('%s is found, and its value is not in the finding', (id, sample) => {
    for (const text of [sample, `# before\n${sample}\n# after`, `x ${'y '.repeat(5000)}\n${sample}`]) {
      const found = findSecretsInText(text).filter(({ rule }) => rule === id);
      expect(found).toHaveLength(1);
      expect(found[0]?.masked).toMatch(/^.{0,2}\*{6}$/);
      expect(found[0]?.line).toBe(text.slice(0, text.indexOf(sample)).split('\n').length + lineOfSecret(id));
    }
  });

  // Cut short, with a character of another kind in the middle, or a placeholder where the value should be.
  it.each(Object.entries(secretSamples))('%s is not found in what only begins like it', (id, sample) => {
    const value = longestWord(sample);
    const half = sample.replace(value, value.slice(0, 3));
    expect(rulesIn(half.replace(/\n.*/s, ''))).not.toContain(id);
    expect(
      rulesIn(sample.replace(value, `${value.slice(0, value.length >> 1)}EXAMPLE`).replace(/\n.*/s, '')),
    ).not.toContain(id);
  });

  it.each([
    ...Object.entries(privateKeySamples).map(([armour, text]) => ['private-key', armour, text] as const),
    ...Object.entries(encryptedKeySamples).map(
      ([armour, text]) => ['encrypted-private-key', armour, text] as const,
    ),
  ])('%s is found in the armour of %s', (rule, _armour, text) => {
    expect(rulesIn(text)).toEqual([rule]);
    expect(rulesIn(text.replaceAll('\n', '\r\n'))).toEqual([rule]);
    // The same with a placeholder for a body.
    expect(
      rulesIn(text.replaceAll(random.mixed(64), '… your key …').replaceAll(random.mixed(64, 2), '')),
    ).toEqual([]);
  });

  it.each([
    ['a sentence about passwords', 'The password must have 12 characters; a token is refused.'],
    ['a variable', 'password = process.env.DB_PASSWORD\nconst token = await readToken(file)'],
    ['a placeholder', 'password: "your-password-here1"\napi_key = "<API_KEY_2>"\ntoken: $TOKEN_1A'],
    ['a checksum', `integrity sha512-${random.mixed(86)}==\nsha256:${random.hex(64)}`],
    ['a public key', `-----BEGIN PUBLIC KEY-----\n${random.mixed(64)}\n-----END PUBLIC KEY-----`],
    ['a certificate', `-----BEGIN CERTIFICATE-----\n${random.mixed(64)}\n-----END CERTIFICATE-----`],
    ['a web address', 'https://user@example.org/a:b@c and http://localhost:8080/@scope/name'],
    ['an address with variables', 'postgres://$USER:$PASSWORD@db/x and redis://:{{ password }}@cache/0'],
    ['a locked account', 'daemon:*:19000:0:99999:7:::\nroot:!:19000::::::'],
    ['what vendors print', `AKIAIOSFODNN7${'EXAMPLE'}`],
    [
      'a dotted word that is no token',
      'eyJhbGciOi.x.y and eyJabcdefghijk.eyJabcdefghijk.abcdefghijklmnopqrstuvwx',
    ],
    ['base64 without a colon', `{"auth": "${Buffer.from('justsometext').toString('base64')}"}`],
  ])('find nothing in %s', (_condition, text) => {
    expect(rulesIn(text)).toEqual([]);
  });
});

/** In a PEM text the value begins on the line after the header. */
function lineOfSecret(id: string): number {
  if (id === 'private-key' || id === 'encrypted-private-key') return 0;
  return id === 'putty-private-key' || id === 'encrypted-putty-private-key' ? 4 : 0;
}

function longestWord(text: string): string {
  return text
    .split(/[^\w.~+/=-]+/)
    .reduce((longest, word) => (word.length > longest.length ? word : longest), '');
}
