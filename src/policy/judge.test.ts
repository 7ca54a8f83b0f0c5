import { describe, expect, it } from 'vitest';
import { parseDigest } from '../oci/digest.ts';
import type { VulnerabilityFact } from '../report/finding.ts';
import type { CategoryFacts, ImageFacts } from '../report/image-facts.ts';
import { noMalware } from '../report/image-malware.ts';
import { noSecrets } from '../report/image-secrets.ts';
import type { Doubt } from '../report/scan-state.ts';
import { type Severity, severities } from '../report/severity.ts';
import { judge } from './judge.ts';
import { defaultPolicy, type Exemption, type Policy } from './policy.ts';
import type { Verdict } from './verdict.ts';

const now = new Date('2026-03-01T00:00:00Z');
const judgedAt = new Date('2026-01-01T00:00:00Z');
const day = (n: number): Date => new Date(judgedAt.getTime() + n * 86_400_000);
const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
if (digest === undefined) throw new Error('not a digest');

function vulnerability(changes: Partial<VulnerabilityFact> = {}): VulnerabilityFact {
  return {
    id: 'CVE-2026-1',
    aliases: ['GHSA-aaaa-bbbb-cccc', 'DSA-1-1'],
    record: 'DSA-1-1',
    severity: 'high',
    fixState: 'not-fixed',
    knownExploited: false,
    firstSeenAt: judgedAt,
    undetermined: false,
    ...changes,
  };
}

const scanned: CategoryFacts = { state: 'scanned', lastResult: { state: 'scanned' } };

function facts(
  options: {
    readonly vulnerabilities?: readonly VulnerabilityFact[];
    readonly category?: CategoryFacts;
    readonly exploitDoubts?: ImageFacts['exploitDoubts'];
    readonly doubts?: readonly Doubt[];
  } = {},
): ImageFacts {
  const { vulnerabilities = [], category = scanned, doubts = [], exploitDoubts = {} } = options;
  return {
    digest: digest as NonNullable<typeof digest>, // checked above
    kind: 'image',
    states: {
      vulnerabilities: category,
      malware: { state: 'not-scanned' },
      secrets: { state: 'not-scanned' },
    },
    judged: category.lastResult !== undefined,
    firstJudgedAt: judgedAt,
    doubts,
    feeds: [],
    exploitDoubts,
    packages: [{ packageId: 1, ecosystem: 'Debian', name: 'openssl', version: '1.0', vulnerabilities }],
    secrets: noSecrets,
    malware: noMalware,
  };
}

function verdictOf(
  image: ImageFacts,
  policy: Partial<Policy> = {},
  options: {
    readonly exemptions?: readonly Exemption[];
    readonly at?: Date;
    readonly repository?: string;
  } = {},
): Verdict {
  return judge({
    facts: image,
    policy: { ...defaultPolicy, mode: 'enforce', ...policy },
    exemptions: options.exemptions ?? [],
    repository: options.repository ?? 'app',
    now: options.at ?? now,
  });
}

const exemption: Exemption = {
  id: 1,
  vulnerabilityId: 'CVE-2026-1',
  reason: 'not reachable',
  createdBy: 'ann',
  createdAt: judgedAt,
};

describe('judge() by severity (threats.md P28)', () => {
  // Rows: severity of the finding; columns: whether it blocks at low, medium, high, critical with unknown as high.
  const table: Readonly<Record<Severity, readonly boolean[]>> = {
    critical: [true, true, true, true],
    high: [true, true, true, false],
    medium: [true, true, false, false],
    low: [true, false, false, false],
    negligible: [false, false, false, false],
    unknown: [true, true, true, false],
  };
  const thresholds = ['low', 'medium', 'high', 'critical'] as const;
  const cases = severities.flatMap((severity) =>
    thresholds.map((minSeverity, index) => [severity, minSeverity, table[severity][index] === true] as const),
  );
  it.each(cases)('of a finding %s at threshold %s blocks: %s', (severity, minSeverity, blocks) => {
    const verdict = verdictOf(facts({ vulnerabilities: [vulnerability({ severity })] }), { minSeverity });
    expect(verdict.kind).toBe(blocks ? 'block' : 'allow');
  });

  it.each([
    ['critical', [true, true, true, true]],
    ['high', [true, true, true, false]],
    ['medium', [true, true, false, false]],
    ['low', [true, false, false, false]],
    ['negligible', [false, false, false, false]],
  ] as const)('ranks unknown as %s where the policy says so', (unknownSeverityAs, blocks) => {
    const image = facts({ vulnerabilities: [vulnerability({ severity: 'unknown' })] });
    const kinds = thresholds.map((minSeverity) => verdictOf(image, { minSeverity, unknownSeverityAs }).kind);
    expect(kinds).toEqual(blocks.map((one) => (one ? 'block' : 'allow')));
  });
});

describe('judge() by conditions', () => {
  const low = vulnerability({ severity: 'low' });
  it.each([
    ['a known exploited one counts whatever its severity', { ...low, knownExploited: true }, {}, 'block'],
    [
      'unless the policy does not ask for it',
      { ...low, knownExploited: true },
      { knownExploited: false },
      'allow',
    ],
    ['fixableOnly passes what has no fix', vulnerability(), { fixableOnly: true }, 'allow'],
    [
      'fixableOnly passes an exploited one without a fix',
      { ...low, knownExploited: true },
      { fixableOnly: true },
      'allow',
    ],
    [
      'fixableOnly stops what has a fix',
      vulnerability({ fixedVersion: '2' }),
      { fixableOnly: true },
      'block',
    ],
    ['epssMin passes what is less likely', vulnerability({ epss: 0.09 }), { epssMin: 0.1 }, 'allow'],
    ['epssMin stops what is as likely', vulnerability({ epss: 0.1 }), { epssMin: 0.1 }, 'block'],
    ['epssMin stops what has no probability', vulnerability(), { epssMin: 0.1 }, 'block'],
    ['mode off passes everything', vulnerability(), { mode: 'off' }, 'allow'],
    ['mode observe warns instead', vulnerability(), { mode: 'observe' }, 'warn'],
  ] satisfies readonly (readonly [string, VulnerabilityFact, Partial<Policy>, Verdict['kind']])[])(
    '%s',
    (_name, found, policy, kind) => {
      expect(verdictOf(facts({ vulnerabilities: [found] }), policy).kind).toBe(kind);
    },
  );

  it('names the worst first: exploited, severity, fixable, id', () => {
    const verdict = verdictOf(
      facts({
        vulnerabilities: [
          vulnerability({ id: 'CVE-5' }),
          vulnerability({ id: 'CVE-4', fixedVersion: '2' }),
          vulnerability({ id: 'CVE-3', severity: 'critical' }),
          vulnerability({ id: 'CVE-6' }),
          vulnerability({ id: 'CVE-2', severity: 'low', knownExploited: true }),
        ],
      }),
    );
    expect(verdict).toMatchObject({
      kind: 'block',
      reasons: ['CVE-2', 'CVE-3', 'CVE-4', 'CVE-5', 'CVE-6'].map((id) => ({ id, packageName: 'openssl' })),
    });
  });
});

describe('judge() in grace', () => {
  const grace = { graceDays: { high: 7 } };
  it.each([
    ['warns of what became known after the image was judged', 10, 16.9, 'warn'],
    ['blocks when the days are over', 10, 17, 'block'],
    ['gives none to what the image always had', 0, 1, 'block'],
    ['gives none to what was known before the image came', -30, 1, 'block'],
  ] as const)('%s', (_name, seen, asked, kind) => {
    const image = facts({ vulnerabilities: [vulnerability({ firstSeenAt: day(seen) })] });
    expect(verdictOf(image, grace, { at: day(asked) }).kind).toBe(kind);
  });

  it('is per severity', () => {
    const image = facts({ vulnerabilities: [vulnerability({ severity: 'critical', firstSeenAt: day(10) })] });
    expect(verdictOf(image, grace, { at: day(11) }).kind).toBe('block');
  });
});

describe('judge() with exemptions (threats.md P27)', () => {
  const image = facts({ vulnerabilities: [vulnerability()] });
  it.each([
    ['by canonical id', exemption, 'allow'],
    ['by an alias', { ...exemption, vulnerabilityId: 'GHSA-AAAA-BBBB-CCCC' }, 'allow'],
    ['not by the beginning of the id', { ...exemption, vulnerabilityId: 'CVE-2026-11' }, 'block'],
    ['not by a longer id', { ...exemption, vulnerabilityId: 'CVE-2026' }, 'block'],
    ['until the instant of its expiry', { ...exemption, expiresAt: new Date(now.getTime() + 1) }, 'allow'],
    ['not from then on', { ...exemption, expiresAt: now }, 'block'],
    ['for its package', { ...exemption, packageName: 'openssl' }, 'allow'],
    ['not for another package', { ...exemption, packageName: 'openssl1' }, 'block'],
    ['for its digest', { ...exemption, digest: `sha256:${'a'.repeat(64)}` }, 'allow'],
    ['not for another digest', { ...exemption, digest: `sha256:${'b'.repeat(64)}` }, 'block'],
    ['for its repositories', { ...exemption, repositoryPattern: 'a*' }, 'allow'],
    ['not for others', { ...exemption, repositoryPattern: 'team/**' }, 'block'],
  ] satisfies readonly (readonly [string, Exemption, Verdict['kind']])[])(
    'counts one %s',
    (_name, one, kind) => {
      const verdict = verdictOf(image, {}, { exemptions: [one] });
      expect(verdict.kind).toBe(kind);
      expect(verdict.exempted).toBe(kind === 'allow' ? 1 : 0);
    },
  );
});

describe('judge() by state', () => {
  const states = ['pending', 'failed', 'incomplete', 'unsupported', 'undetermined'] as const;
  const doubt: Doubt = { code: 'end-of-life', message: 'support ended' };
  const images: Readonly<Record<(typeof states)[number], ImageFacts>> = {
    pending: facts({ category: { state: 'queued' } }),
    failed: facts({ category: { state: 'failed' } }),
    incomplete: facts({ category: { state: 'incomplete', lastResult: { state: 'incomplete' } } }),
    unsupported: facts({ category: { state: 'unsupported', lastResult: { state: 'unsupported' } } }),
    undetermined: facts({ doubts: [doubt] }),
  };
  const all = (rule: 'allow' | 'warn' | 'block'): Policy['states'] => ({
    pending: rule,
    failed: rule,
    incomplete: rule,
    unsupported: rule,
    undetermined: rule,
  });

  it.each(
    states.flatMap((state) =>
      (['allow', 'warn', 'block'] as const).flatMap((rule) =>
        (['allow', 'warn', 'block'] as const).map((others) => [state, rule, others] as const),
      ),
    ),
  )('%s follows its own rule %s, whatever the others say (%s)', (state, rule, others) => {
    const verdict = verdictOf(images[state], { states: { ...all(others), [state]: rule } });
    expect(verdict.kind).toBe(rule);
    if (verdict.kind !== 'allow') expect(verdict.reasons).toMatchObject([{ kind: 'state', state }]);
  });

  it('holds a pending image where the policy says so, and warns of it in observe mode', () => {
    const states = { ...defaultPolicy.states, pending: { holdSeconds: 9 } };
    expect(verdictOf(images.pending, { states })).toMatchObject({ kind: 'hold', holdSeconds: 9 });
    expect(verdictOf(images.pending, { states, mode: 'observe' }).kind).toBe('warn');
  });

  it.each(['not-scanned', 'queued', 'scanning', 'cancelled'] as const)(
    'takes %s without a result for pending',
    (state) => {
      const verdict = verdictOf(facts({ category: { state } }), { states: all('block') });
      expect(verdict).toMatchObject({ kind: 'block', reasons: [{ state: 'pending' }] });
    },
  );

  it.each(['queued', 'scanning', 'cancelled', 'failed'] as const)(
    'judges by the last result while another scan is %s',
    (state) => {
      const clean: CategoryFacts = { state, lastResult: { state: 'scanned' } };
      expect(verdictOf(facts({ category: clean }), { states: all('block') }).kind).toBe('allow');
      const torn: CategoryFacts = { state, lastResult: { state: 'incomplete' } };
      expect(verdictOf(facts({ category: torn }), { states: all('block') })).toMatchObject({
        kind: 'block',
        reasons: [{ state: 'incomplete' }],
      });
    },
  );

  it('does not take a version that cannot be compared for one without a fix', () => {
    const versions: readonly Doubt[] = [{ code: 'undetermined-version', message: 'cannot compare' }];
    const image = facts({ doubts: versions, vulnerabilities: [vulnerability({ undetermined: true })] });
    const verdict = verdictOf(image, { fixableOnly: true, states: all('block') });
    expect(verdict).toMatchObject({ kind: 'block', reasons: [{ state: 'undetermined' }] });
  });

  it('does not take a state without a result for clean', () => {
    expect(verdictOf(facts({ category: { state: 'scanned' } }), { states: all('block') }).kind).toBe('block');
  });

  it('warns of a doubt by default and blocks a finding beside it', () => {
    const both = facts({ doubts: [doubt], vulnerabilities: [vulnerability()] });
    expect(verdictOf(images.undetermined).kind).toBe('warn');
    expect(verdictOf(both)).toMatchObject({
      kind: 'block',
      reasons: [{ kind: 'vulnerability' }, { kind: 'state', state: 'undetermined' }],
    });
  });

  it('takes a version that cannot be compared for a doubt, but not when its finding is exempted or would not count', () => {
    const versions: readonly Doubt[] = [{ code: 'undetermined-version', message: 'cannot compare' }];
    const image = facts({ doubts: versions, vulnerabilities: [vulnerability({ undetermined: true })] });
    const strict = { states: all('block') };
    expect(verdictOf(image, strict)).toMatchObject({ kind: 'block', reasons: [{ state: 'undetermined' }] });
    expect(verdictOf(image, strict, { exemptions: [exemption] }).kind).toBe('allow');
    expect(verdictOf(image, { ...strict, minSeverity: 'critical' }).kind).toBe('allow');
    expect(verdictOf(facts({ doubts: versions }), strict).kind).toBe('block');
  });
});

describe('judge() with malware', () => {
  const found = {
    engine: 'yara',
    signature: 'Linux_Miner',
    type: 'miner',
    severity: 'low',
    path: 'opt/x',
    layerIndex: 0,
    count: 2,
  } as const;
  const image = (malware: CategoryFacts, changes: Partial<ImageFacts['malware']> = {}): ImageFacts => {
    const plain = facts();
    const states = { ...plain.states, malware };
    return { ...plain, states, malware: { ...noMalware, ...changes } };
  };
  const unlooked: CategoryFacts = { state: 'not-scanned' };
  const gap = { phase: 'malware', reason: 'clamd was away', remedy: 'Start it' };

  it('refuses it whatever its severity, unless the policy says off or it is exempted', () => {
    const infected = image(scanned, { found: [found] });
    expect(verdictOf(infected)).toMatchObject({ kind: 'block', reasons: [{ kind: 'malware', ...found }] });
    expect(verdictOf(infected, { malware: 'off' }).kind).toBe('allow');
    const exemptions = [{ ...exemption, vulnerabilityId: 'MALWARE:LINUX_MINER' }];
    expect(verdictOf(infected, {}, { exemptions })).toEqual({ kind: 'allow', exempted: 2 });
  });

  it('refuses more of it than can be named, which no exemption can take out', () => {
    const exemptions = [{ ...exemption, vulnerabilityId: 'MALWARE:LINUX_MINER' }];
    const many = image(scanned, { found: [found], omitted: { low: 1 } });
    expect(
      verdictOf(many, { states: { ...defaultPolicy.states, incomplete: 'allow' } }, { exemptions }).kind,
    ).toBe('block');
  });

  it('passes what no engine has looked at, and never what one could not tell', () => {
    expect(verdictOf(image(unlooked)).kind).toBe('allow');
    expect(verdictOf(image({ state: 'scanning' })).kind).toBe('allow');
    const incomplete: CategoryFacts = {
      state: 'incomplete',
      lastResult: { state: 'incomplete', problem: gap },
    };
    expect(verdictOf(image(incomplete))).toMatchObject({
      kind: 'block',
      reasons: [{ kind: 'state', state: 'incomplete', message: 'malware: clamd was away. Start it' }],
    });
    // A search that failed later takes nothing away from the result that stands.
    expect(verdictOf(image({ state: 'failed', problem: gap, lastResult: { state: 'scanned' } })).kind).toBe(
      'allow',
    );
  });
});

describe('judge() where KEV or EPSS cannot be relied on', () => {
  const exploitDoubts = { knownExploited: 'the list was never read', epss: 'the scores are 9 days old' };
  const doubted = (changes: Partial<VulnerabilityFact>) =>
    facts({ vulnerabilities: [vulnerability(changes)], exploitDoubts });
  const doubts = (why: string) => ({
    kind: 'warn',
    reasons: [
      {
        kind: 'state',
        state: 'undetermined',
        message: `${why}, so it cannot be told whether CVE-2026-1 counts`,
      },
    ],
  });

  it('doubts a finding that would count if it were exploited', () => {
    expect(verdictOf(doubted({ severity: 'low' }))).toMatchObject(doubts(exploitDoubts.knownExploited));
    const states = { ...defaultPolicy.states, undetermined: 'block' } as const;
    expect(verdictOf(doubted({ severity: 'low' }), { states }).kind).toBe('block');
  });

  it.each<[string, Partial<VulnerabilityFact>, Partial<Policy>]>([
    ['the policy does not ask', { severity: 'low' }, { knownExploited: false }],
    ['there is no fix, and only fixable ones count', { severity: 'low' }, { fixableOnly: true }],
  ])('says nothing where %s', (_condition, changes, policy) => {
    expect(verdictOf(doubted(changes), policy)).toEqual({ kind: 'allow', exempted: 0 });
  });

  it('says nothing of what counts anyway, of what is exempted, and of an image without findings', () => {
    expect(verdictOf(doubted({}))).toMatchObject({ kind: 'block', reasons: [{ kind: 'vulnerability' }] });
    expect(verdictOf(doubted({ severity: 'low' }), {}, { exemptions: [exemption] }).kind).toBe('allow');
    expect(verdictOf(facts({ exploitDoubts }), { epssMin: 0.5 }).kind).toBe('allow');
  });

  it('doubts whatever a probability decides', () => {
    const policy = { epssMin: 0.5, knownExploited: false };
    expect(verdictOf(doubted({ epss: 0.1 }), policy)).toMatchObject(doubts(exploitDoubts.epss));
    expect(verdictOf(doubted({}), policy)).toMatchObject({
      kind: 'block',
      reasons: [{ kind: 'vulnerability' }, { kind: 'state', state: 'undetermined' }],
    });
    expect(verdictOf(doubted({ severity: 'low', epss: 0.1 }), policy).kind).toBe('allow');
  });
});
