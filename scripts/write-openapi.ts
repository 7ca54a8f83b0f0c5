import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { apiDocument } from '../src/api/api-document.ts';

// The console's client is generated from this file; a test compares it with the routes.
writeFileSync(
  resolve(import.meta.dirname, '../console/openapi.json'),
  `${JSON.stringify(apiDocument(), null, 2)}\n`,
);
