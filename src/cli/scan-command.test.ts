import { describe, expect, it } from 'vitest';
import type { ScannedFinding, TargetReport } from '../app/administration/scan-target.ts';
import { scanJson } from './output/scan-json.ts';
import { scanTable } from './output/scan-table.ts';
import { exitCodeOf } from './scan-command.ts';

type Severity = ScannedFinding['severity'];
type ScanState = TargetReport['facts']['states']['vulnerabilities']['state'];

const digest = `sha256:${'a'.repeat(64)}` as TargetReport['image']['digest']; // in the registered form

function finding(severity: Severity, more: Partial<ScannedFinding> = {}): ScannedFinding {
  return {
    id: 'CVE-2024-0001',
    aliases: ['ALPINE-CVE-2024-0001'],
    record: 'ALPINE-CVE-2024-0001',
    severity,
    fixState: 'fixed',
    fixedVersion: '1.2-r1',
    knownExploited: false,
    ratings: [],
    firstSeenAt: new Date('2026-01-02T03:04:05Z'),
    undetermined: false,
    matched: [],
    package: { ecosystem: 'Alpine', name: 'zlib', version: '1.2-r0', purl: 'pkg:apk/alpine/zlib@1.2-r0' },
    place: { layerDigest: digest, layerIndex: 0, path: 'lib/apk/db/installed' },
    ...more,
  };
}

function report(
  state: ScanState,
  findings: readonly ScannedFinding[] = [],
  secrets: TargetReport['secrets'] = [],
  malware: TargetReport['malware'] = [],
): TargetReport {
  const none = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  const counts = { ...none };
  for (const { severity } of findings) counts[severity] += 1;
  return {
    image: { digest, configDigest: digest, platform: { os: 'linux', architecture: 'amd64' } },
    facts: {
      digest,
      kind: 'image',
      judged: true,
      feeds: [],
      exploitDoubts: {},
      doubts:
        state === 'undetermined' ? [{ code: 'end-of-life', message: 'Support ended on 2018-05-01' }] : [],
      states: {
        vulnerabilities: { state },
        malware: { state: 'not-scanned' },
        secrets: { state: state === 'undetermined' ? 'scanned' : state },
      },
      packages: [],
      malware: { found: [], omitted: {}, signatures: [] },
      secrets: { found: [], omitted: {} },
    },
    counts: { ...counts, highest: null, fixable: findings.length, knownExploited: 0 },
    packages: [],
    findings,
    secrets,
    secretCounts: { ...none, critical: secrets.length },
    malware,
    malwareCounts: { ...none, high: malware.length },
  };
}

const secret: TargetReport['secrets'][number] = {
  rule: 'github-token',
  title: 'GitHub token',
  type: 'code-host',
  severity: 'critical',
  masked: 'gh******',
  line: 3,
  path: 'root/.netrc',
  layer: { index: 0, digest, createdBy: 'COPY . /root' },
  fate: { kind: 'deleted', byLayer: 1 },
  firstSeenAt: '2026-01-02T03:04:05.000Z',
};

const malware: TargetReport['malware'][number] = {
  signature: 'Unix.Trojan.X-1',
  engine: 'clamd',
  type: 'trojan',
  severity: 'high',
  advice: 'Do not run the image',
  path: 'srv/x',
  layer: { index: 0, digest },
  fate: { kind: 'deleted', byLayer: 1 },
  firstSeenAt: '2026-01-02T03:04:05.000Z',
};

describe('exitCodeOf()', () => {
  it.each([
    ['nothing found', report('scanned'), {}, 0],
    ['something found, nothing asked', report('scanned', [finding('critical')]), {}, 0],
    ['something as bad', report('scanned', [finding('high')]), { failOn: 'high' }, 1],
    ['something worse', report('scanned', [finding('critical')]), { failOn: 'low' }, 1],
    ['something less bad', report('scanned', [finding('medium')]), { failOn: 'high' }, 0],
    ['an unrated one counts as high', report('scanned', [finding('unknown')]), { failOn: 'high' }, 1],
    ['an unrated one is not critical', report('scanned', [finding('unknown')]), { failOn: 'critical' }, 0],
    ['could not tell', report('undetermined'), {}, 2],
    ['could not be read whole', report('incomplete'), { failOn: 'low' }, 2],
    [
      'could not tell, and something as bad',
      report('undetermined', [finding('high')]),
      { failOn: 'high' },
      1,
    ],
    ['could not tell, allowed', report('undetermined'), { allowIncomplete: true }, 0],
    [
      'a version that cannot be compared',
      report('undetermined', [finding('high', { undetermined: true })]),
      { failOn: 'low' },
      2,
    ],
    ['a secret as bad', report('scanned', [], [secret]), { failOn: 'critical' }, 1],
    ['a secret, nothing asked', report('scanned', [], [secret]), {}, 0],
    ['no image at all', report('unsupported'), {}, 0],
  ] as const)('answers by the contract: %s', (_, scanned, options, code) => {
    expect(exitCodeOf(scanned, options)).toBe(code);
  });
});

describe('scanTable()', () => {
  it('shows id, package, installed and fixed version and the place', () => {
    const table = scanTable(report('scanned', [finding('high')]), { colour: false });
    expect(table).toMatch(/high +CVE-2024-0001 +zlib +1\.2-r0 +1\.2-r1 +layer 0 lib\/apk\/db\/installed/);
    expect(table).toContain('1 high; 1 with a fix');
  });

  it('never says "Nothing found" alone when it could not tell', () => {
    const table = scanTable(report('undetermined'), { colour: false });
    expect(table).toContain('Could not tell: Support ended on 2018-05-01');
    expect(table).not.toMatch(/Nothing found$/);
    expect(scanTable(report('scanned'), { colour: false })).toMatch(/Nothing found$/);
  });

  it('shows secrets masked, with path, line, layer and what a later layer does', () => {
    const table = scanTable(report('scanned', [], [secret]), { colour: false });
    expect(table).toMatch(/critical +github-token +gh\*{6} +root\/\.netrc:3 +layer 0, deleted by layer 1/);
    expect(table).toContain('1 secret: 1 critical');
    expect(table).not.toMatch(/Nothing found$/);
  });

  it('prints control characters of hostile names as escapes', () => {
    const hostile = finding('low', {
      package: { ecosystem: 'npm', name: 'a\u001b[2Jb\nc\u202ed', version: '1', purl: 'pkg:npm/a' },
    });
    const table = scanTable(report('scanned', [hostile]), { colour: false });
    expect(table).toContain('a\\x1b[2Jb\\x0ac\\u{202e}d');
    expect(table).not.toContain('\u001b');
  });
});

describe('scanJson()', () => {
  it('lists secrets as findings of their own kind', () => {
    expect(JSON.parse(scanJson(report('scanned', [], [secret])))).toMatchObject({
      states: { secrets: { state: 'scanned' } },
      findings: [{ kind: 'secret', rule: 'github-token', severity: 'critical', masked: 'gh******', line: 3 }],
    });
  });

  it('keeps the fields of the contract', () => {
    const document: unknown = JSON.parse(scanJson(report('undetermined', [finding('high')])));
    expect(document).toMatchObject({
      image: { digest },
      states: { vulnerabilities: { state: 'undetermined', reason: 'Support ended on 2018-05-01' } },
      packages: [],
      findings: [
        {
          kind: 'vulnerability',
          id: 'CVE-2024-0001',
          aliases: ['ALPINE-CVE-2024-0001'],
          severity: 'high',
          package: { ecosystem: 'Alpine', name: 'zlib', version: '1.2-r0' },
          fixedVersion: '1.2-r1',
          record: 'ALPINE-CVE-2024-0001',
        },
      ],
    });
  });

  it('lists malware with its place and what to do, and the signatures used', () => {
    const found = report('scanned', [], [], [malware]);
    expect(JSON.parse(scanJson(found))).toMatchObject({
      malwareSignatures: [],
      findings: [{ kind: 'malware', signature: 'Unix.Trojan.X-1', path: 'srv/x', advice: malware.advice }],
    });
  });
});

describe('malware', () => {
  it('counts for --fail-on, and what no engine could tell is exit code 2', () => {
    const found = report('scanned', [], [], [malware]);
    expect(exitCodeOf(found, { failOn: 'high' })).toBe(1);
    expect(exitCodeOf(found, { failOn: 'critical' })).toBe(0);
    const { facts } = report('scanned');
    const states = { ...facts.states, malware: { state: 'incomplete' } as const };
    expect(exitCodeOf({ ...report('scanned'), facts: { ...facts, states } }, {})).toBe(2);
  });

  it('is shown with signature, place and advice; without an engine that is said', () => {
    const text = scanTable(report('scanned', [], [], [malware]), { colour: false });
    expect(text).toMatch(/Unix\.Trojan\.X-1 +trojan +clamd +srv\/x +layer 0, deleted by layer 1/);
    expect(text).toContain('trojan: Do not run the image');
    expect(text).toContain('1 finding of malware: 1 high');
    expect(text).toContain('Not searched for malware: no engine is configured');
  });
});

describe('the base image', () => {
  const base: NonNullable<TargetReport['base']> = {
    imageId: 7,
    namespace: 'own',
    repository: 'alpine',
    repositoryId: 3,
    digest,
    tags: ['3.6', 'latest'],
    formerTags: [],
    layerCount: 1,
    pushedAt: new Date('2026-01-01T00:00:00Z'),
  };
  const place = { layerDigest: digest, layerIndex: 1, path: 'srv/package.json' };
  const both = [finding('high'), finding('low', { id: 'CVE-2024-0002', place })];

  it('is told with what came from it, and marks the layers', () => {
    const text = scanTable({ ...report('scanned', both), base }, { colour: false });
    expect(text).toContain('Built on own/alpine:3.6, its first layer: 1 of 2 findings came with it');
    expect(text).toContain('layer 0 (base) lib/apk/db/installed');
    expect(text).toContain('layer 1 srv/package.json');
    expect(JSON.parse(scanJson({ ...report('scanned', both), base }))).toMatchObject({
      image: {
        base: { namespace: 'own', repository: 'alpine', tags: ['3.6', 'latest'], digest, layerCount: 1 },
      },
      findings: [{ fromBase: true }, { fromBase: false }],
    });
  });

  it('that is not known is null, and so is where findings come from', () => {
    expect(scanTable(report('scanned', both), { colour: false })).not.toContain('base');
    expect(JSON.parse(scanJson(report('scanned', both)))).toMatchObject({
      image: { base: null },
      findings: [{ fromBase: null }, { fromBase: null }],
    });
  });
});
