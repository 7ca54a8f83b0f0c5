import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { cvssRating } from '../src/advisories/osv/cvss-rating.ts';
import { isSeverityWord, severityOfWord } from '../src/advisories/osv/severity-word.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { readStatements, type Statements } from './rating-statements.ts';

const shared = sharedData();

// Every rating of every real record: a word that nobody has read yet, or a vector that scores otherwise, fails here.
describe.skipIf(shared === undefined)('the ratings of the real records', () => {
  let stated: Statements;

  beforeAll(async () => {
    stated = await readStatements(shared ?? '');
  }, 240_000);

  it('are words that we know, in every place where records have them', () => {
    expect(stated.recordCount).toBeGreaterThan(70_000);
    expect(stated.words.size).toBeGreaterThan(10);
    const unread = [...stated.words].filter(([word]) => !isSeverityWord(word));
    expect(unread).toEqual([]);
  });

  it.each([
    ['Azure Linux', 'Critical', 'critical'],
    ['Azure Linux', 'Medium', 'medium'],
    ['AlmaLinux', 'Important', 'high'],
    ['AlmaLinux', 'Moderate', 'medium'],
    ['Bitnami', 'None', 'negligible'],
    ['Bitnami', 'Unknown', undefined],
    ['Go', 'unimportant', 'negligible'],
    ['npm', 'MODERATE', 'medium'],
    ['Ubuntu', 'low', 'low'],
  ])('%s says %s, which is %s', (ecosystem, word, severity) => {
    expect(stated.words.get(word)?.has(ecosystem)).toBe(true);
    expect(severityOfWord(word)).toBe(severity);
  });

  it('have no other kinds and standings than those that are read', () => {
    expect([...stated.types].sort()).toEqual(['CVSS_V2', 'CVSS_V3', 'CVSS_V4', 'Ubuntu']);
    expect([...stated.informational].sort()).toEqual(['notice', 'unmaintained', 'unsound']);
    expect([...stated.statuses].sort()).toEqual([
      'fix-not-planned',
      'pending-upstream-fix',
      'true-positive-determination',
    ]);
  });

  it('score their vectors, and others, as another implementation does: CVSS 2.0, 3.0, 3.1 and 4.0', ({
    skip,
  }) => {
    const vectors = [...new Set([...stated.vectors, ...everyBaseVector()])].sort();
    const version = (vector: string) => /^CVSS:(\d\.\d)/.exec(vector)?.[1] ?? '2.0';
    expect([...new Set(vectors.map(version))].sort()).toEqual(['2.0', '3.0', '3.1', '4.0']);
    const python = process.env['CVSS_PYTHON'] ?? 'python3';
    const asked = spawnSync(python, ['-c', redHatScores], {
      input: vectors.map(baseOf).join('\n'),
      encoding: 'utf8',
    });
    skip(
      asked.status !== 0,
      `the Python package cvss (CVSS_PYTHON names a Python that has it): ${asked.stderr.trim().split('\n').at(-1)}`,
    );
    const theirs = asked.stdout.trim().split('\n');
    expect(theirs).toHaveLength(vectors.length);
    const scoreOf = (vector: string) => cvssRating({ record: 'X-1', vector })?.score?.toFixed(1) ?? '-';
    const differing = vectors.flatMap((vector, index) => {
      const [ours, other] = [scoreOf(vector), theirs[index]];
      return ours === other ? [] : [{ vector, ours, theirs: other }];
    });
    expect(differing).toEqual([]);
    expect(stated.vectors.size).toBeGreaterThan(1_700);
  }, 120_000);
});

/** All that CVSS 2.0, 3.0 and 3.1 know, and each eleventh of 4.0: 15,457. */
function everyBaseVector(): readonly string[] {
  const third = { AV: 'NALP', AC: 'LH', PR: 'NLH', UI: 'NR', S: 'UC', C: 'HLN', I: 'HLN', A: 'HLN' };
  const fourth = { AV: 'NALP', AC: 'LH', AT: 'NP', PR: 'NLH', UI: 'NPA' };
  const impacts = { VC: 'HLN', VI: 'HLN', VA: 'HLN', SC: 'HLN', SI: 'HLN', SA: 'HLN' };
  return [
    ...combine({ AV: 'LAN', AC: 'HML', Au: 'MSN', C: 'NPC', I: 'NPC', A: 'NPC' }),
    ...combine(third).flatMap((metrics) => [`CVSS:3.0/${metrics}`, `CVSS:3.1/${metrics}`]),
    ...combine({ ...fourth, ...impacts })
      .filter((_, index) => index % 11 === 0)
      .map((metrics) => `CVSS:4.0/${metrics}`),
  ];
}

/** One value of each metric, in every way; a value is a letter. */
function combine(metrics: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(metrics).reduce<readonly string[]>(
    (vectors, [metric, values]) =>
      vectors.flatMap((vector) =>
        [...values].map((value) => `${vector}${vector === '' ? '' : '/'}${metric}:${value}`),
      ),
    [''],
  );
}

/** Without threat, temporal and environmental metrics, which a base score does not count. */
function baseOf(vector: string): string {
  const metrics = vector.split('/');
  if (vector.startsWith('CVSS:4')) return metrics.slice(0, 12).join('/');
  return metrics.slice(0, vector.startsWith('CVSS:') ? 9 : 6).join('/');
}

/** Reads vectors, one a line, and writes the base score of each, or `-` for a malformed one: by Red Hat's `cvss`. */
const redHatScores = `
import sys
from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError
for line in sys.stdin:
    vector = line.strip()
    try:
        if vector.startswith("CVSS:4"):
            score = CVSS4(vector).base_score
        else:
            score = (CVSS3 if vector.startswith("CVSS:3") else CVSS2)(vector).scores()[0]
        print(f"{score:.1f}")
    except CVSSError:
        print("-")
`;
