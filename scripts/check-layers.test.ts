import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkLayers } from './check-layers.ts';

describe('checkLayers()', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'layers-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const messages = (layers: Record<string, string[]>) =>
    checkLayers(root, layers).map(({ message }) => message);

  it('accepts listed edges and imports within a folder', () => {
    write('low/a.ts', "import { b } from './b.ts';");
    write('low/b.ts', 'export const b = 1;');
    write('high/c.ts', "import { b } from '../low/b.ts';");
    expect(messages({ low: [], high: ['low'] })).toEqual([]);
  });

  it('refuses an unlisted edge, type-only and dynamic imports included', () => {
    write('low/a.ts', "import type { c } from '../high/c.ts';\nconst d = await import('../high/d.ts');");
    write('high/c.ts', '');
    write('high/d.ts', '');
    expect(messages({ low: [], high: [] })).toEqual([
      expect.stringContaining('"low" may not import "high"'),
      expect.stringContaining('"low" may not import "high"'),
    ]);
  });

  it("refuses another folder's private file even along a listed edge", () => {
    write('low/_secret.ts', '');
    write('high/a.ts', "import '../low/_secret.ts';");
    expect(messages({ low: [], high: ['low'] })).toEqual([expect.stringContaining('private to its folder')]);
  });

  it('refuses a cycle in the list and a folder missing from it', () => {
    write('stray/a.ts', '');
    expect(messages({ low: ['high'], high: ['low'] })).toEqual([
      expect.stringContaining('cycle'),
      'folder "stray" is not in layers.json',
    ]);
  });

  it('takes a folder within another for part of it, unless the list names it', () => {
    write('high/part/a.ts', "import { b } from '../b.ts';\nimport { c } from '../../low/c.ts';");
    write('high/b.ts', "import { a } from './part/a.ts';");
    write('low/c.ts', '');
    expect(messages({ low: [], high: ['low'] })).toEqual([]);
    expect(messages({ low: [], high: ['high/part'], 'high/part': ['low'] })).toEqual([
      '"high/part" may not import "high" (high/b.ts)',
    ]);
  });

  it('lets tests, and only tests, import the testing folder', () => {
    write('low/a.test.ts', "import '../testing/x.ts';");
    write('low/a.ts', "import '../testing/x.ts';");
    write('testing/x.ts', '');
    expect(messages({ low: [], testing: [] })).toHaveLength(1);
  });
});
