import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageFacts } from '../../report/image-facts.ts';
import type { Doubt } from '../../report/scan-state.ts';
import { type StoredPackage, storeImage } from '../../testing/stored-images.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import { readPackageFacts } from '../matches/read-package-facts.ts';
import { readFacts } from '../reports/read-facts.ts';
import { compareImages } from './compare-images.ts';

let database: TemporaryDatabase;
let before: ImageFacts;
let after: ImageFacts;

const flawed = (name: string, id: string): StoredPackage => ({
  name,
  version: '1',
  vulnerabilities: [{ id, severity: 'high' }],
});

beforeAll(async () => {
  database = await createTemporaryDatabase();
  const earlier = [
    flawed('lodash', 'CVE-2030-1'),
    flawed('left-pad', 'CVE-2030-2'),
    flawed('openssl', 'CVE-2030-3'),
  ];
  const later = [
    { name: 'lodash', version: '2' },
    { name: 'openssl', version: '2' },
  ];
  [before, after] = [await store('before', earlier), await store('after', later)];
});
afterAll(() => database.drop());

/** Of an Alpine with npm packages. */
async function store(content: string, packages: readonly StoredPackage[]): Promise<ImageFacts> {
  const { db, pool } = database;
  const { id: namespaceId } = await db
    .insertInto('namespace')
    .values({ name: `with-${content}` })
    .returning('id')
    .executeTakeFirstOrThrow();
  const { digest } = await storeImage(db, { namespaceId, repository: 'app', content, packages });
  await pool.query(`update package set ecosystem = 'npm', release = '' where name <> 'openssl'`);
  const query = { digests: [digest], now: new Date('2026-01-03T00:00:00Z'), feedAgeMaxDays: 5 };
  const facts = (await readFacts(db, { ...query, readPackages: readPackageFacts })).get(digest);
  if (facts === undefined) throw new Error('no facts');
  return facts;
}

async function changes(doubts: {
  readonly before?: readonly Doubt[];
  readonly after?: readonly Doubt[];
}): Promise<Record<string, string>> {
  const { findings } = await compareImages(database.db, {
    before: { ...before, doubts: doubts.before ?? [] },
    after: { ...after, doubts: doubts.after ?? [] },
  });
  return Object.fromEntries(findings.map(({ name, change }) => [name, change]));
}

describe('compareImages()', () => {
  const ended: Doubt = { code: 'end-of-life', message: 'support ended' };
  const stale: Doubt = { code: 'feed-stale', message: 'the advisories are old' };

  it('calls fixed what the later image certainly has not', async () => {
    expect(await changes({})).toEqual({ lodash: 'fixed', 'left-pad': 'fixed', openssl: 'fixed' });
    expect(await changes({ before: [stale] })).toEqual(await changes({}));
  });

  it('lets a doubt about the distribution alone what a language holds in another version', async () => {
    const undecided = { 'left-pad': 'undecided', openssl: 'undecided' };
    expect(await changes({ after: [ended] })).toEqual({ lodash: 'fixed', ...undecided });
    expect(await changes({ after: [ended, stale] })).toEqual({ lodash: 'undecided', ...undecided });
    expect(await changes({ before: [ended], after: [ended] })).toEqual(await changes({}));
  });
});
