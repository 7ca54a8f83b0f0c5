import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/testing/cli-process.ts';
import { storeOrphan } from '../src/testing/samples/store-orphan.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'pratique-upkeep-cli-'));
const environment = { PRATIQUE_DATA: folder };
const orphan = Buffer.alloc(3_000, 'orphan');

beforeAll(async () => {
  await storeOrphan(path.join(folder, 'blobs'), orphan);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('pratique gc', () => {
  it('says what it would free, frees it, and has nothing left to do', async () => {
    const planned = await runCli(['gc', '--dry-run', '--json'], { environment });
    expect([planned.code, planned.errors]).toEqual([0, '']);
    const orphans = { count: 1, sizeBytes: 3_000 };
    expect(JSON.parse(planned.output)).toMatchObject({ dryRun: true, freedBytes: 3_000, orphans });
    const before = await runCli(['fsck'], { environment });
    expect(before.code).toBe(0);
    expect(before.output).toContain('reclaimable INV5 sha256/');
    const freed = await runCli(['gc'], { environment });
    expect([freed.code, freed.errors]).toEqual([0, '']);
    expect(freed.output).toMatch(/^files without a row +1 +2\.9 KiB$/m);
    expect(freed.output).toContain('Freed 2.9 KiB (3000 bytes)');
    const again = await runCli(['gc', '--json'], { environment });
    expect(JSON.parse(again.output)).toMatchObject({ dryRun: false, freedBytes: 0 });
  });
});

describe('pratique fsck', () => {
  it('exits with 0 when nothing is broken, and with 1 and advice when something is', async () => {
    const sound = await runCli(['fsck', '--deep'], { environment });
    expect([sound.code, sound.errors]).toEqual([0, '']);
    expect(sound.output).toContain(
      '0 blobs (0 B, hashed), 0 files: 0 broken, 0 deleted on demand, 0 reclaimable',
    );
    writeFileSync(path.join(folder, 'blobs', 'blobs', 'stray'), '');
    const broken = await runCli(['fsck', '--json'], { environment });
    expect([broken.code, broken.errors]).toEqual([1, '']);
    expect(JSON.parse(broken.output)).toMatchObject({
      deep: false,
      brokenCount: 1,
      breaches: [{ invariant: 'INV3', level: 'broken', subject: 'stray', remedy: expect.any(String) }],
    });
  });
});

describe('PRATIQUE_FAIL', () => {
  it('that names no point is refused with what must hold', async () => {
    const refused = await runCli(['gc'], { environment: { ...environment, PRATIQUE_FAIL: 'nowhere:1' } });
    expect([refused.code, refused.errors]).toEqual([
      3,
      'Cannot use the setting "PRATIQUE_FAIL": it must be a point and a number, such as blob.renamed:1, got "nowhere:1"\n',
    ]);
  });

  it('kills the process at its point as kill -9 does', async () => {
    await storeOrphan(path.join(folder, 'blobs'), orphan);
    const failing = { ...environment, PRATIQUE_FAIL: 'gc.orphan:1' };
    expect((await runCli(['gc'], { environment: failing })).code).toBe('SIGKILL');
    const freed = await runCli(['gc', '--json'], { environment });
    expect(JSON.parse(freed.output)).toMatchObject({ orphans: { count: 1 } });
  });
});
