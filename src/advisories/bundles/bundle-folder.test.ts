import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundleFolder } from './bundle-folder.ts';

it('bundleFolder() leaves nothing behind, and removes what a killed process left a day ago', async () => {
  const [left, running] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'pratique-bundle-'))) as [
    string,
    string,
  ]; // two of them
  writeFileSync(join(left, 'layer'), 'x');
  const yesterday = (Date.now() - 25 * 3_600_000) / 1_000;
  utimesSync(left, yesterday, yesterday);
  const made = await bundleFolder();
  expect([left, running, made.path].map(existsSync)).toEqual([false, true, true]);
  await made[Symbol.asyncDispose]();
  expect(existsSync(made.path)).toBe(false);
  rmSync(running, { recursive: true });
});
