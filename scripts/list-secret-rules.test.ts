import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { secretRulesDocument } from './list-secret-rules.ts';

it('docs/secret-rules.md lists the rules that there are', () => {
  expect(readFileSync(new URL('../docs/secret-rules.md', import.meta.url), 'utf8')).toBe(
    secretRulesDocument(),
  );
});
