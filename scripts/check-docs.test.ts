import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDocuments } from './check-docs.ts';

describe('checkDocuments()', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'docs-'));
    mkdirSync(join(root, 'src/oci'), { recursive: true });
    writeFileSync(join(root, 'src/oci/digest.ts'), '');
    writeFileSync(join(root, 'ARCHITECTURE.md'), 'The folder `oci` and the file `src/oci/digest.ts`.\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('accepts paths and links that exist', () => {
    writeFileSync(join(root, 'README.md'), '[map](ARCHITECTURE.md#top) [site](https://example.org)');
    expect(checkDocuments(root, ['ARCHITECTURE.md', 'README.md'])).toEqual([]);
  });

  it('refuses a path or link to nothing', () => {
    writeFileSync(join(root, 'README.md'), '`src/oci/gone.ts` [x](docs/gone.md)');
    expect(checkDocuments(root, ['README.md'])).toHaveLength(2);
  });

  it('refuses a folder that the map leaves out', () => {
    mkdirSync(join(root, 'src/gate'));
    expect(checkDocuments(root, [])).toEqual([
      { document: 'ARCHITECTURE.md', message: 'leaves out the folder src/gate' },
    ]);
  });
});
