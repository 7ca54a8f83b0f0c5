import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type OsvAffected, readOsvRecord } from '../src/advisories/osv-record.ts';
import { matchAffected } from '../src/matching/match-affected.ts';
import { readAdvisories } from '../src/testing/read-advisories.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { pep440Order } from '../src/versions/pep440.ts';
import { packagingOracle } from './version-oracles.ts';

const shared = sharedData();
const isSkipped = shared === undefined || !packagingOracle.isInstalled;
const questionsMax = 10_000;

/** The evaluation of the OSV schema, word by word, on what Python's own tools read of records. */
const evaluation = `
import json, sys
from packaging.version import Version, InvalidVersion
def key(text):
    return Version(Version(text).public)
def inside(events, version):
    def at(event):
        (_, text), = event.items()
        return (0, key("0")) if text == "0" and "introduced" in event else (1, key(text))
    vulnerable = False
    for event in sorted(events, key=at):
        if "introduced" in event and (event["introduced"] == "0" or version >= key(event["introduced"])): vulnerable = True
        if "fixed" in event and version >= key(event["fixed"]): vulnerable = False
        if "last_affected" in event and version > key(event["last_affected"]): vulnerable = False
    return vulnerable
def listed(versions, version):
    for text in versions:
        try:
            if key(text) == version: return True
        except InvalidVersion:
            pass
    return False
for line in sys.stdin:
    question = json.loads(line)
    try:
        version = key(question["version"])
        ranges = [one["events"] for one in question["ranges"] if one["type"] != "GIT"]
        print(int(listed(question["versions"], version) or any(inside(events, version) for events in ranges)))
    except InvalidVersion:
        print("?")
`;

interface Question {
  readonly version: string;
  readonly affected: OsvAffected['affected'];
}

async function ask(questions: readonly Question[]): Promise<readonly string[]> {
  const asked = promisify(execFile)('/usr/bin/python3', ['-c', evaluation], { maxBuffer: 2 ** 26 });
  asked.child.stdin?.end(
    questions.map(({ version, affected }) => `${JSON.stringify({ version, ...affected })}\n`).join(''),
  );
  return (await asked).stdout.split('\n').slice(0, -1);
}

/** Versions that any advisory names for a package, and some beside them, asked about each of the package's advisories: a sample. */
async function questionsOf(): Promise<readonly Question[]> {
  const records = await readAdvisories(join(shared ?? '', 'advisories/PyPI/all.zip'));
  const affected = records
    .map((record) => readOsvRecord(JSON.stringify(record)))
    .flatMap((result) => (result.kind === 'ok' ? result.record.affected : []))
    .filter(
      ({ ecosystem, affected: { ranges } }) =>
        ecosystem === 'PyPI' && ranges.some(({ type }) => type !== 'GIT'),
    );
  const questions = [...Map.groupBy(affected, ({ name }) => name).values()].flatMap((ofPackage) => {
    const named = ofPackage.flatMap((one) => [
      ...one.affected.versions.slice(0, 20),
      ...one.affected.ranges.flatMap(({ events }) => events.flatMap((event) => Object.values(event))),
    ]);
    const versions = [
      ...new Set(named.flatMap((version) => [version, `${version}.post1`, `${version}+local`])),
    ];
    return ofPackage.flatMap((one) => versions.map((version) => ({ version, affected: one.affected })));
  });
  const step = Math.ceil(questions.length / questionsMax);
  return questions.filter((_, index) => index % step === 0);
}

// Skipped without python3-packaging or the shared data; an absence fails where CI=true.
describe.skipIf(isSkipped && process.env['CI'] !== 'true')('ranges of PyPI advisories', () => {
  it('mean to us what the OSV schema says, evaluated by Python', async () => {
    const questions = await questionsOf();
    const answers = await ask(questions);
    expect(answers.length).toBe(questions.length);
    expect(questions.length).toBeGreaterThan(questionsMax / 2);
    const compared = questions.map(({ version, affected }, index) => {
      const { kind } = matchAffected({ version, affected, order: pep440Order });
      return { version, affected, ours: kind, theirs: answers[index] };
    });
    const expected = { '1': 'affected', '0': 'not-affected' } as const;
    const readable = compared.filter(({ theirs }) => theirs !== '?');
    expect(readable.length).toBeGreaterThan(questions.length * 0.95);
    expect(readable.filter(({ ours, theirs }) => ours !== expected[theirs as '0' | '1'])).toEqual([]);
    // What Python refuses to read is never said to be fine, unless what decides can be read.
    const refused = compared.filter(({ theirs }) => theirs === '?');
    expect(refused.filter(({ ours }) => ours === 'undetermined').length).toBeGreaterThan(0);
  });
});
