import { describe, expect, it } from 'vitest';
import { processorMs } from '../../testing/processor-time.ts';
import { random, secretSamples } from '../../testing/samples/secret-samples.ts';
import { findSecretsInCommand, findSecretsInVariable, maskSecretsIn } from './text-secrets.ts';

const github = secretSamples['github-token'] ?? '';
const password = `Ab3${random.mixed(14, 7)}`;
const rulesOf = (hits: readonly { readonly rule: string }[]) => hits.map(({ rule }) => rule);

describe('findSecretsInVariable()', () => {
  it.each([
    ['DB_PASSWORD', password, ['secret-variable']],
    ['POSTGRES_PASSWORD', 'postgres', ['secret-variable']],
    ['api-key', password, ['secret-variable']],
    ['SESSION_SECRET', 'x', ['secret-variable']],
    ['GITHUB_TOKEN', github, ['github-token']],
    ['NOTES', github, ['github-token']],
    // References, places and switches are no values.
    ['DB_PASSWORD', '', []],
    ['DB_PASSWORD', '$OTHER', []],
    ['DB_PASSWORD', `\${OTHER}`, []],
    ['DB_PASSWORD_FILE', '/run/secrets/db', []],
    ['API_TOKEN', '/run/secrets/token', []],
    ['API_TOKEN', 'true', []],
    ['API_TOKEN', '<your token>', []],
    ['PWD', 'work', []],
    ['PATH', '/usr/bin', []],
    ['TOKENIZER', 'bert', []],
  ])('%s=%s gives %j', (name, value, rules) => {
    expect(rulesOf(findSecretsInVariable(name, value))).toEqual(rules);
  });
});

describe('findSecretsInCommand()', () => {
  it.each([
    [`|2 A=b DB_PASSWORD=${password} /bin/sh -c make`, ['secret-variable']],
    [`RUN export TOKEN='${password}' && make`, ['secret-variable']],
    [`ENV GH_TOKEN=${github}`, ['github-token']],
    [`/bin/sh -c curl -H "x: ${github}" https://example.net`, ['github-token']],
    ['RUN |1 DB_PASSWORD=$PASSWORD make', []],
    ['CMD ["sh"]', []],
  ])('%s gives %j', (text, rules) => {
    expect(rulesOf(findSecretsInCommand(text))).toEqual(rules);
  });
});

describe('maskSecretsIn()', () => {
  it('leaves nothing of a value but its first two characters, and all the rest as it was (threats.md E4)', () => {
    const text = `é |2 A=b DB_PASSWORD="${password}" TOKEN=${github} sh -c 'x ${github}' é`;
    const masked = maskSecretsIn(text);
    expect(masked).toBe(
      `é |2 A=b DB_PASSWORD="${password.slice(0, 2)}******" TOKEN=${github.slice(0, 2)}****** sh -c 'x ${github.slice(0, 2)}******' é`,
    );
    expect(maskSecretsIn('RUN make')).toBe('RUN make');
  });

  it('takes time in proportion to the text (threats.md D9)', () => {
    const text = `A_TOKEN=${password} `.repeat(10_000);
    const begin = processorMs();
    maskSecretsIn(text);
    expect(processorMs() - begin).toBeLessThan(5_000);
  });
});
