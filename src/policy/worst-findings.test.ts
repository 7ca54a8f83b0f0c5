import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDigest } from '../oci/digest.ts';
import type { VulnerabilityFact } from '../report/finding.ts';
import type { ImageFacts } from '../report/image-facts.ts';
import { noMalware } from '../report/image-malware.ts';
import { noSecrets } from '../report/image-secrets.ts';
import { severities } from '../report/severity.ts';
import { judge } from './judge.ts';
import { defaultPolicy, type Policy } from './policy.ts';
import { unnamedIn } from './verdict.ts';

const now = new Date('2026-03-01T00:00:00Z');
const early = new Date('2026-01-01T00:00:00Z');
const digest = parseDigest(`sha256:${'a'.repeat(64)}`);

const vulnerability: fc.Arbitrary<VulnerabilityFact> = fc
  .record({
    id: fc.integer({ min: 1, max: 6 }).map((n) => `CVE-2026-${n}`),
    severity: fc.constantFrom(...severities),
    knownExploited: fc.boolean(),
    undetermined: fc.boolean(),
    firstSeenAt: fc.constantFrom(early, new Date(now.getTime() - 1_000)),
    fixedVersion: fc.constantFrom(undefined, '2'),
    epss: fc.constantFrom(undefined, 0.1, 0.9),
  })
  .map(({ fixedVersion, epss, ...one }) => ({
    ...one,
    aliases: [],
    record: one.id,
    fixState: 'not-fixed',
    ...(fixedVersion === undefined ? {} : { fixedVersion }),
    ...(epss === undefined ? {} : { epss }),
  }));

const packages = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(vulnerability, { maxLength: 12 })), {
    maxLength: 6,
  })
  .map((all) =>
    all.map(([name, vulnerabilities], packageId) => ({
      packageId,
      ecosystem: 'npm',
      name,
      version: String(packageId),
      vulnerabilities,
    })),
  );

const policy: fc.Arbitrary<Policy> = fc
  .record({
    mode: fc.constantFrom('observe' as const, 'enforce' as const),
    minSeverity: fc.constantFrom('low' as const, 'high' as const),
    fixableOnly: fc.boolean(),
    knownExploited: fc.boolean(),
    graceDays: fc.constantFrom({}, { high: 7, critical: 7 }),
    epssMin: fc.constantFrom(undefined, 0.5),
  })
  .map(({ epssMin, ...some }) => ({
    ...defaultPolicy,
    ...some,
    ...(epssMin === undefined ? {} : { epssMin }),
  }));

it('judge() that names a few vulnerabilities names the first of all, and counts the others (threats.md P28)', () => {
  if (digest === undefined) throw new Error('not a digest');
  const exploitDoubts = { knownExploited: 'the list is old', epss: 'the scores are old' };
  const property = fc.property(packages, policy, fc.boolean(), (held, asked, isDoubted) => {
    const facts: ImageFacts = {
      digest,
      kind: 'image',
      states: {
        vulnerabilities: { state: 'scanned', lastResult: { state: 'scanned' } },
        malware: { state: 'not-scanned' },
        secrets: { state: 'not-scanned' },
      },
      judged: true,
      firstJudgedAt: early,
      doubts: [],
      feeds: [],
      exploitDoubts: isDoubted ? exploitDoubts : {},
      packages: held,
      secrets: noSecrets,
      malware: noMalware,
    };
    const exemption = {
      id: 1,
      vulnerabilityId: 'CVE-2026-1',
      reason: '',
      createdBy: '',
      createdAt: early,
    };
    const input = { facts, policy: asked, exemptions: [exemption], repository: 'app', now };
    const whole = judge(input);
    for (const namedMax of [1, 3, 5]) {
      const some = judge({ ...input, namedMax });
      if (whole.kind === 'allow' || some.kind === 'allow') expect(some).toEqual(whole);
      else {
        expect({ ...some, reasons: [], unnamed: 0 }).toEqual({ ...whole, reasons: [], unnamed: 0 });
        expect(some.reasons.slice(0, namedMax)).toEqual(whole.reasons.slice(0, namedMax));
        expect(some.reasons.length + unnamedIn(some)).toBe(whole.reasons.length);
        expect(some.reasons.filter(({ kind }) => kind === 'state')).toEqual(
          whole.reasons.filter(({ kind }) => kind === 'state'),
        );
      }
    }
  });
  fc.assert(property, { numRuns: 300 });
});
