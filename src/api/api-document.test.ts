import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { apiDocument } from './api-document.ts';

test('apiDocument() equals the committed console/openapi.json (else: npm run openapi && npm run client -w console)', () => {
  const committed = readFileSync(resolve(import.meta.dirname, '../../console/openapi.json'), 'utf8');
  expect(JSON.parse(committed)).toEqual(apiDocument());
});
