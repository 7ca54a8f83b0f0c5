import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hasProgram, mustRun } from './clients.ts';
import { inventoryOfFolder, linesOf, listed } from './folder-inventory.ts';

/** `npm run oracle:debian` tries two. */
const suites = (process.env['PRATIQUE_TEST_SUITES'] ?? 'trixie').split(' ');
const folder = mkdtempSync(join(tmpdir(), 'pratique-debian-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const canBootstrap = hasProgram('mmdebstrap') && process.getuid?.() === 0;

// Skipped without mmdebstrap or root, which it needs to change the root; with CI=true its absence is a failure.
describe.skipIf(!canBootstrap)('the inventory of Debian beside dpkg-query', () => {
  it.each(suites)('%s, as small as it gets', async (suite) => {
    const root = join(folder, suite);
    await mustRun('mmdebstrap', ['--variant=essential', '--mode=root', suite, root]);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the format is dpkg's own
    const format = '${Package} ${Version} ${source:Package} ${source:Version}\n';
    const args = [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', format];
    const expected = linesOf(await mustRun('dpkg-query', args));
    const inventory = await inventoryOfFolder(root);
    expect(expected.length).toBeGreaterThan(50);
    expect(listed(inventory, 'Debian')).toEqual([...expected].sort());
    expect(inventory.doubts).toEqual([]);
    // What is known by what is written in it was installed by dpkg, under the merged /usr too.
    expect(
      inventory.packages.filter((item) => item.package.ecosystem !== 'Debian' && !item.ownedByDistribution),
    ).toEqual([]);
  });
});
