import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedAlpineFindings } from '../src/testing/expected-alpine-findings.ts';
import type { AirGapReport } from './air-gap-child.ts';
import { command, hasProgram, mustRun, sharedFolder } from './clients.ts';
import { expectedJarFindings } from './nested-jars.ts';
import { projectRoot } from './server-process.ts';

const shared = sharedFolder();
/** A user without that right, and some containers, may not make namespaces. */
const mayUnshare = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
if (!mayUnshare && process.env['CI'] === 'true')
  throw new Error('Cannot run in CI without the right to make a network namespace: it needs root and ip(8)');
if (!mayUnshare)
  console.warn('Skipped: the air gap needs the right to make a network namespace (root) and ip(8)');
const inNamespace = (program: string) => [
  '-n',
  'sh',
  '-c',
  `ip link set lo up && exec ${program} "$@"`,
  'sh',
];

describe.skipIf(shared === undefined || !mayUnshare || !hasProgram('skopeo'))(
  'without any network (pains.md 25)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pratique-air-gap-'));
    const bundle = join(folder, 'advisories.tar');
    let publicKey = '';
    let exportedAt = 0;

    beforeAll(async () => {
      const mirror = join(folder, 'mirror');
      mkdirSync(mirror);
      for (const name of ['Alpine', 'Maven', 'CVE'])
        symlinkSync(join(shared ?? '', 'advisories', name), join(mirror, name));
      writeFileSync(join(mirror, 'ecosystems.txt'), 'Alpine\nMaven\n');
      const environment = {
        PRATIQUE_DATA: join(folder, 'connected'),
        PRATIQUE_ADVISORIES: `file:${mirror}`,
        PRATIQUE_KEV: `file:${shared}/kev/known_exploited_vulnerabilities.json`,
        PRATIQUE_EPSS: `file:${shared}/epss/epss_scores-2026-08-16.csv.gz`,
      };
      const advisories = (...args: string[]) =>
        mustRun(process.execPath, ['src/cli/main.ts', 'advisories', ...args], environment);
      const key = join(folder, 'key.pem');
      publicKey = (await advisories('keygen', key)).trim();
      await advisories('sync');
      exportedAt = Date.now();
      await advisories('export', '--key', key, bundle);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('a server starts, takes a signed bundle, and finds exactly what is known of a pushed image and of the jars in jars in it, in less than 5 minutes', async () => {
      const printed = await mustRun('unshare', [
        ...inNamespace(process.execPath),
        'e2e/air-gap-child.ts',
        bundle,
        publicKey,
      ]);
      const report = JSON.parse(printed.trim().split('\n').at(-1) ?? '') as AirGapReport; // printed by air-gap-child.ts
      expect(report.interfaces).toEqual(['lo']);
      expect(report.outside).toBe('ENETUNREACH');
      expect(report.refused).toMatch(/must be signed by a key that is trusted \(none is\)/);
      expect(report.imported).toMatch(/Imported version \d+ of .*, signed by [0-9a-f]{16}/);
      const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      const expected = [...expectedAlpineFindings['3.4.0'], ...expectedJarFindings];
      expect([...report.findings].sort(byText)).toEqual(expected.sort(byText));
      expect(report.feeds.map(({ name, lastError }) => [name, lastError])).toEqual(
        ['Alpine', 'CVE', 'EPSS', 'KEV', 'Maven'].map((name) => [name, null]),
      );
      // As old as the bundle, not as its import.
      for (const { lastSuccessAt } of report.feeds)
        expect(Date.parse(lastSuccessAt)).toBeLessThan(exportedAt);
      expect(report.elapsedMs).toBeLessThan(300_000);
    });

    it("is installed from npm's cache, and starts its database", async ({ skip }) => {
      const copy = join(folder, 'copy');
      const parts = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts', 'src', 'console'];
      for (const part of parts) {
        const isOurs = (path: string) => !path.includes('node_modules') && !path.endsWith('/dist');
        cpSync(join(projectRoot, part), join(copy, part), { recursive: true, filter: isOurs });
      }
      const npm = [...inNamespace('npm'), 'ci', '--offline', '--no-audit', '--no-fund'];
      const install = await command('unshare', npm, {}, copy);
      const isCached = !install.stderr.includes('ENOTCACHED');
      skip(!isCached && process.env['CI'] !== 'true', "npm's cache lacks a package: run npm ci first");
      expect(install, install.stderr).toMatchObject({ code: 0 });
      const node = inNamespace('node_modules/.bin/node');
      const status = await mustRun(
        'unshare',
        [...node, 'src/cli/main.ts', 'advisories', 'status'],
        { PRATIQUE_DATA: join(folder, 'installed') },
        copy,
      );
      expect(status).toContain('no advisory data yet');
    });
  },
);
