import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { runCli } from '../testing/cli-process.ts';
import { buildOciArchive } from '../testing/samples/build-archive.ts';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';

// Each command starts PostgreSQL.
vi.setConfig({ testTimeout: 180_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'pratique-scan-limits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('pratique scan', () => {
  it('of a lock file that takes more memory than it may says so, and exits with 2 (threats.md F26, D9)', async () => {
    // 30 KB as stored, 30 MB to read, and ten times that to understand.
    const lock = `{"lockfileVersion":3,"packages":{"":{"a":[${'[],'.repeat(10_000_000)}[]]}}}`;
    const layer = buildLayer({ 'srv/package-lock.json': lock });
    const archive = path.join(folder, 'image.tar');
    writeFileSync(archive, buildOciArchive({ app: buildImage({ layers: [layer] }) }));
    const scanned = await runCli(['scan', `oci-archive:${archive}`, '--format', 'json'], {
      environment: { PRATIQUE_DATA: path.join(folder, 'data'), PRATIQUE_INSPECTION_MEMORY: '256MiB' },
    });
    expect(scanned.errors).toMatch(
      /^Cannot inspect layer 0 \(sha256:[0-9a-f]{64}\): it takes more .*memory.*\n$/,
    );
    expect(scanned.errors).toContain(layer.digest);
    expect([scanned.code, scanned.output]).toEqual([2, '']);
  });
});
