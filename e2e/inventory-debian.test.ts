import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { hasProgram, mustRun } from './clients.ts';
import { inventoryOfArchive, linesOf, listed } from './folder-inventory.ts';

/** Half a minute on an idle machine. */
const bootstrapMsMax = 400_000;
const suites = ['bookworm', 'trixie'];
const folder = mkdtempSync(join(tmpdir(), 'pratique-debian-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const canBootstrap = hasProgram('mmdebstrap') && process.getuid?.() === 0;

// Skipped without mmdebstrap or root, which it needs to change the root; with CI=true its absence is a failure.
describe.skipIf(!canBootstrap)('the inventory of Debian beside dpkg-query', () => {
  it.each(suites)(
    '%s, as small as it gets',
    async (suite) => {
      // As an archive: mmdebstrap mounts the host's /dev in the tree that it works on, and takes it away by itself.
      const archive = join(folder, `${suite}.tar`);
      // Nothing of it is kept, so nothing needs to be on the disk.
      const options = ['--variant=essential', '--mode=root', '--dpkgopt=force-unsafe-io'];
      const args = [...options, suite, archive];
      await promisify(execFile)('mmdebstrap', args, { timeout: bootstrapMsMax });
      const root = join(folder, suite);
      mkdirSync(root);
      await mustRun('tar', ['-xf', archive, '-C', root, './var/lib/dpkg']);
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the format is dpkg's own
      const format = '${Package} ${Version} ${source:Package} ${source:Version}\n';
      const query = [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', format];
      const expected = linesOf(await mustRun('dpkg-query', query));
      const inventory = await inventoryOfArchive(archive);
      expect(expected.length).toBeGreaterThan(50);
      expect(listed(inventory, 'Debian')).toEqual([...expected].sort());
      expect(inventory.doubts).toEqual([]);
      // What is known by what is written in it was installed by dpkg, under the merged /usr too.
      expect(
        inventory.packages.filter((item) => item.package.ecosystem !== 'Debian' && !item.ownedByDistribution),
      ).toEqual([]);
    },
    bootstrapMsMax,
  );
});
